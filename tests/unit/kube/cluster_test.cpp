#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <future>

#include "fake_api.h"
#include "http/scripted_peer.h"
#include "kube/cluster.h"

using namespace jobscaler;
using namespace jobscaler::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kJobs = "/apis/batch/v1/namespaces/workers/jobs";
constexpr auto kLease =
    "/apis/coordination.k8s.io/v1/namespaces/workers/leases/jobscaler-jobscaler";
constexpr auto kReady = R"({"phase": "Running", "conditions": [
    {"type": "PodScheduled", "status": "True", "lastTransitionTime": "2024-02-29T12:34:10Z"},
    {"type": "Ready", "status": "True", "lastTransitionTime": "2024-02-29T12:34:20Z"}]})";

/// A Cluster on a scripted API server.
struct Bench {
  void start() { cluster.start(); }

  FakeApi api;
  RecordingOutbox outbox;
  kube::Cluster cluster{api.config(), one_group(), {scaler_called("orders")}, outbox};
};

KubernetesConfig config_for(const ScriptedPeer& peer, const TemporaryFolder& folder) {
  KubernetesConfig config;
  config.kubeconfig = folder.write(
      "config", fmt::format("current-context: m\n"
                            "contexts: [{{name: m, context: {{cluster: c, user: u}}}}]\n"
                            "clusters: [{{name: c, cluster: {{server: '{}'}}}}]\n"
                            "users: [{{name: u, user: {{}}}}]\n",
                            peer.url()));
  return config;
}

template <typename T>
std::size_t index_of(const std::vector<Event>& events) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (std::holds_alternative<T>(events[i])) return i;
  }
  return events.size();
}

}  // namespace

TEST_CASE("a cluster tells its marks, then its workers, then what changes") {
  Bench bench;
  bench.start();
  REQUIRE(bench.outbox.next<event::WorkersListed>());
  const auto events = bench.outbox.events();
  CHECK(index_of<event::MarksLoaded>(events) < index_of<event::WorkersListed>(events));
  bench.api.push("jobs", event_line("ADDED", job_json("orders", 1, "u1")));
  const auto added = bench.outbox.next<event::WorkerSeen>();
  REQUIRE(added);
  CHECK(added->worker.name == "orders-1");
  CHECK_FALSE(added->worker.pod);
  bench.api.push("pods", event_line("ADDED", pod_json("p1", "u1", kReady)));
  const auto ready = bench.outbox.next<event::WorkerSeen>();
  REQUIRE(ready);
  REQUIRE(ready->worker.pod);
  REQUIRE(ready->worker.pod->ready);
  // Ready 36 s ago by the server's clock.
  CHECK(BootClock::now() - *ready->worker.pod->ready > 35s);
  bench.api.push("jobs", event_line("DELETED", job_json("orders", 1, "u1")));
  const auto gone = bench.outbox.next<event::WorkerGone>();
  REQUIRE(gone);
  CHECK(gone->name == "orders-1");
}

TEST_CASE("a watch that cannot be taken up again is told once, and so is its return") {
  Bench bench;
  bench.start();
  REQUIRE(bench.outbox.next<event::WorkersListed>());
  REQUIRE(bench.outbox.noted("connected to"));
  // Both have brought something: they do not end as soon as they are opened.
  bench.api.push("jobs", event_line("ADDED", job_json("orders", 1, "u1")));
  bench.api.push("pods", event_line("ADDED", pod_json("p1", "u1", kReady)));
  REQUIRE(bench.outbox.next<event::WorkerSeen>(
      [](const auto& event) { return event.worker.pod.has_value(); }));
  const auto watch = std::string(kJobs) + "?watch";
  bench.api.on("GET", watch, {status_reply(429, "TooManyRequests", "slow down")});
  bench.api.cut_watches();
  REQUIRE(bench.api.has_calls("GET", watch, 4));  // the one that was cut, and three refusals
  bench.api.on("GET", watch, {});
  REQUIRE(bench.outbox.next<event::WatchChanged>([](const auto& event) { return event.up; }));
  REQUIRE(bench.outbox.noted("connected again after"));
  const auto words = "cannot list and watch jobs.batch in namespace workers (429): slow down";
  int told = 0;
  for (const auto& event : bench.outbox.events()) {
    const auto* changed = std::get_if<event::WatchChanged>(&event);
    if (changed == nullptr || changed->up) continue;
    CHECK(changed->words == words);
    ++told;
  }
  CHECK(told == 1);
  int said = 0;
  for (const auto& note : bench.outbox.notes()) {
    said += note.text == std::string(words) + "; retrying";
  }
  CHECK(said == 1);
  CHECK(bench.api.calls("GET", std::string(kJobs) + "?limit=").size() == 1);  // not listed again
}

TEST_CASE("an API server that is down at start is waited for, and recovered from") {
  FakeApi api;
  api.on("GET", kLease,
         {status_reply(503, "", "starting"), status_reply(503, "", "starting"),
          reply(200, R"({"kind": "Lease", "metadata": {}})")});
  api.on("GET", "/api/v1/namespaces/workers/pods?limit",
         {drop(), status_reply(500, "", "boom"),
          reply(200, R"({"metadata": {"resourceVersion": "1"}, "items": []})")});
  RecordingOutbox outbox;
  kube::Cluster cluster(api.config(), one_group(), {scaler_called("orders")}, outbox);
  cluster.start();
  REQUIRE(outbox.next<event::WorkersListed>());
  REQUIRE(outbox.noted("connected again after"));
  const auto events = outbox.events();
  CHECK(index_of<event::WatchChanged>(events) < index_of<event::WorkersListed>(events));
}

TEST_CASE("the marks are read again with every list of Jobs, and told before it") {
  Bench bench;
  const auto lease_with = [](int mark) {
    return reply(200, fmt::format(R"({{"kind": "Lease", "metadata": {{"annotations": {{
                                       "jobscaler.io/mark-orders": "{}"}}}}}})",
                                  mark));
  };
  bench.api.on("GET", kLease, {lease_with(10), lease_with(10), lease_with(15)});  // elected first
  bench.start();
  REQUIRE(bench.outbox.next<event::WorkersListed>());
  bench.api.push("jobs", event_line("ERROR", R"({"kind": "Status", "code": 410})"));
  REQUIRE(bench.outbox.next<event::WorkersListed>());
  std::vector<std::int64_t> told;  // the marks, and 0 for a list
  for (const auto& event : bench.outbox.events()) {
    const auto* loaded = std::get_if<event::MarksLoaded>(&event);
    if (loaded != nullptr) told.push_back(loaded->marks.at("orders"));
    if (std::holds_alternative<event::WorkersListed>(event)) told.push_back(0);
  }
  CHECK(told == std::vector<std::int64_t>{10, 0, 15, 0});
}

TEST_CASE("who comes to lead lists Jobs and pods anew, the marks told before, and watches on") {
  Bench bench;
  const auto held_by = [](const std::string& holder) {
    return reply(200, fmt::format(R"({{"kind": "Lease", "metadata": {{}},
                                      "spec": {{"holderIdentity": "{}"}}}})",
                                  holder));
  };
  bench.api.on("GET", kLease, {held_by("other")});
  bench.start();
  REQUIRE_FALSE(bench.outbox.next<event::LeadershipChanged>()->leader);
  REQUIRE(bench.outbox.next<event::WorkersListed>());
  REQUIRE(bench.outbox.noted("connected to"));
  bench.api.on("GET", kLease, {held_by("")});
  const auto leads = bench.outbox.next<event::LeadershipChanged>();
  REQUIRE(leads);
  REQUIRE(leads->leader);
  REQUIRE(bench.outbox.next<event::MarksLoaded>());
  const auto both = bench.outbox.next<event::WorkersListed>([&](const auto& list) {
    return list.asked_at >= leads->since &&
           list.pods_asked_at.value_or(TimePoint()) >= leads->since;
  });
  CHECK(both);
  // The new watches bring what happens, and nobody was told of the old ones' end.
  REQUIRE(bench.api.has_calls("GET", std::string(kJobs) + "?watch", 2));
  bench.api.push("jobs", event_line("ADDED", job_json("orders", 1, "u1")));
  CHECK(bench.outbox.next<event::WorkerSeen>());
  for (const auto& event : bench.outbox.events()) {
    CHECK_FALSE(std::holds_alternative<event::WatchChanged>(event));
  }
}

TEST_CASE("a daemon that leads from its start lists once") {
  Bench bench;
  bench.start();
  REQUIRE(bench.outbox.next<event::WorkersListed>());
  REQUIRE(bench.outbox.noted("connected to"));
  REQUIRE(bench.api.has_calls("PUT", kLease, 2));  // it has renewed its lease
  CHECK(bench.api.calls("GET", std::string(kJobs) + "?limit=").size() == 1);
}

TEST_CASE("missing credentials are waited for") {
  const TemporaryFolder folder;
  FakeApi api;
  auto config = api.config();
  const auto real = std::exchange(config.kubeconfig, folder.path("config"));
  RecordingOutbox outbox;
  kube::Cluster cluster(config, one_group(), {scaler_called("orders")}, outbox);
  cluster.start();
  REQUIRE(outbox.noted("no credentials for Kubernetes"));
  std::filesystem::copy_file(real, config.kubeconfig);
  CHECK(outbox.next<event::WorkersListed>());
}

TEST_CASE("while the Lease cannot be read no workers are listed") {
  FakeApi api;
  api.on("GET", kLease, {status_reply(403, "Forbidden", "no")});
  RecordingOutbox outbox;
  kube::Cluster cluster(api.config(), one_group(), {scaler_called("orders")}, outbox);
  cluster.start();
  const auto down = outbox.next<event::WatchChanged>();
  REQUIRE(down);
  CHECK_FALSE(down->up);
  CHECK(down->words.rfind("not allowed to get leases.coordination.k8s.io", 0) == 0);
  REQUIRE(api.has_calls("GET", kLease, 2));
  for (const auto& event : outbox.events()) {
    CHECK_FALSE(std::holds_alternative<event::WorkersListed>(event));
    CHECK_FALSE(std::holds_alternative<event::MarksLoaded>(event));
  }
}

TEST_CASE("stopping ends whatever is under way and posts nothing more") {
  FakeApi api;
  api.on("POST", kJobs, {hang()});
  auto outbox = std::make_unique<RecordingOutbox>();
  auto config = api.config();
  config.timeout = 10min;  // nothing ends by itself while the test waits
  kube::Cluster cluster(config, one_group(), {scaler_called("orders")}, *outbox);
  cluster.start();
  REQUIRE(outbox->next<event::LeadershipChanged>());
  REQUIRE(outbox->next<event::WorkersListed>());
  api.on("GET", "/apis/coordination.k8s.io", {hang()});
  cluster.start_worker({"orders", 1, "pool", BootClock::now()});
  cluster.record_mark({"orders", 1});
  REQUIRE(api.has_calls("POST", kJobs, 2));  // the dry run and the worker
  REQUIRE(api.has_calls("GET", "/apis/coordination.k8s.io", 3));
  auto stopping = std::async(std::launch::async, [&] { cluster.stop(); });
  CHECK(stopping.wait_for(1min) == std::future_status::ready);
  stopping.get();
  outbox.reset();  // what is posted now would crash
  cluster.stop();
  cluster.start_worker({"orders", 2, "pool", BootClock::now()});
  cluster.check_template({"orders"});
}

TEST_CASE("a cluster that was never started can be stopped") {
  Bench bench;
  bench.cluster.stop();
}

TEST_CASE("a server without a Date header is not believed") {
  ScriptedPeer peer([](Connection& connection) {
    while (connection.read_request()) {
      connection.answer(200, R"({"metadata": {"resourceVersion": "1"}, "items": []})");
    }
  });
  const TemporaryFolder folder;
  RecordingOutbox outbox;
  kube::Cluster cluster(config_for(peer, folder), one_group(), {scaler_called("orders")}, outbox);
  cluster.start();
  CHECK(outbox.noted("the API server's answers have no Date header"));
}

TEST_CASE("a refusal without a Date header is told in its own words") {
  ScriptedPeer peer([](Connection& connection) {
    while (connection.read_request()) connection.answer(503, "no server is available");
  });
  const TemporaryFolder folder;
  RecordingOutbox outbox;
  kube::Cluster cluster(config_for(peer, folder), one_group(), {scaler_called("orders")}, outbox);
  cluster.start();
  CHECK(
      outbox.noted("cannot list and watch pods in namespace default (503): HTTP 503: no server is "
                   "available"));
}

TEST_CASE("check tells what is reachable, allowed and accepted, and what to do about the rest") {
  FakeApi api;
  api.on("GET", "/version",
         {reply(200, R"({"major": "1", "minor": "20+", "gitVersion": "v1.20.2"})")});
  const auto granted = reply(201, R"({"status": {"allowed": true}})");
  const auto denied = reply(201, R"({"status": {"allowed": false}})");
  api.on("POST", "/apis/authorization.k8s.io", {denied, granted});
  api.on("POST", kJobs, {status_reply(422, "Invalid", "image: Required value")});
  const auto lines = kube::check(api.config(), one_group(), {scaler_called("orders")});
  REQUIRE(lines.size() == 13);
  CHECK(lines[0].status == CheckLine::Status::warn);
  CHECK(
      lines[0].text.find("version v1.20.2, namespace workers: a server before 1.25 does not report "
                         "unknown fields in a job template") != std::string::npos);
  CHECK(lines[1].status == CheckLine::Status::fail);
  CHECK(lines[1].subject == "permission create jobs.batch");
  CHECK(lines[1].text == "not granted in namespace workers; add it to the Role");
  CHECK(lines[2].status == CheckLine::Status::ok);
  CHECK(lines[2].text == "granted");
  CHECK(lines[12].status == CheckLine::Status::fail);
  CHECK(lines[12].subject == "job template of orders in node group pool");
  CHECK(lines[12].text == "refused by the API server: image: Required value");
}

TEST_CASE("check stops at a server that is not there") {
  const TemporaryFolder folder;
  KubernetesConfig config;
  config.kubeconfig = folder.path("config");
  const auto missing = kube::check(config, one_group(), {scaler_called("orders")});
  REQUIRE(missing.size() == 1);
  CHECK(missing[0].status == CheckLine::Status::fail);
  const auto url = fmt::format("http://127.0.0.1:{}", unused_port());
  folder.write("config",
               "current-context: m\ncontexts: [{name: m, context: {cluster: c, user: u}}]\n"
               "clusters: [{name: c, cluster: {server: '" +
                   url +
                   "'}}]\n"
                   "users: [{name: u, user: {}}]\n");
  const auto down = kube::check(config, one_group(), {scaler_called("orders")});
  REQUIRE(down.size() == 1);
  CHECK(down[0].text == url + ": connection refused, or no route to it");
}
