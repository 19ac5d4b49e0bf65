// Lists and watches that go wrong: what is told in the end is so.

#include <catch2/catch.hpp>

#include "client.h"
#include "kubesim.h"

namespace kube_suite {

using namespace jobscaler;

namespace {

ClientOptions of(const Kubesim& server) {
  ClientOptions options;
  options.kubeconfig = server.kubeconfig();
  options.name_space = server.name_space();
  options.annotations = R"({"fake/ready-after": "0.1"})";
  return options;
}

bool is_ready(const WorkerFacts& worker) {
  return worker.pod && worker.pod->ready;
}

bool is_complete(const WorkerFacts& worker) {
  return worker.outcome == WorkerFacts::Outcome::complete;
}

int count_lists(Client& client) {
  int lists = 0;
  for (const auto& event : client.recorder().events()) {
    lists += std::holds_alternative<event::WorkersListed>(event) ? 1 : 0;
  }
  return lists;
}

/// A worker made past the client, which only its watch can tell it of.
void make_worker(const Kubesim& server, int number, const std::string& annotations = "{}") {
  JobText job;
  job.name = worker_name(number);
  job.annotations = annotations;
  const auto labels =
      R"({"app.kubernetes.io/managed-by": "jobscaler", "jobscaler.io/instance": "suite", )"
      R"("jobscaler.io/scaler": "orders", "jobscaler.io/node-group": "default", )"
      R"("jobscaler.io/number": ")" +
      std::to_string(number) + R"("})";
  job.extra_meta = std::string(R"("labels": )") + labels + ",";
  auto text = job.str();
  const std::string pods = R"("template": {"metadata": {)";
  text.replace(text.find(pods), pods.size(), pods + R"("labels": )" + labels + ", ");
  const auto path = "/apis/batch/v1/namespaces/" + server.name_space() + "/jobs";
  REQUIRE(server.target().post(path, text).status == 201);
}

}  // namespace

TEST_CASE("a watch that is cut in the middle of a line goes on without a loss") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.fault(R"({"kind": "cut", "path": "/jobs[?].*watch", "count": 3})");
  server.fault(R"({"kind": "cut", "path": "/pods[?].*watch", "count": 3})");
  for (int number = 1; number <= 3; ++number) {
    make_worker(server, number);
    client.expect(number, "ready", is_ready);
  }
  CHECK(server.struck() == 6);
}

TEST_CASE("a watch that is cut between lines goes on without a loss") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.fault(R"({"kind": "cut", "after": "line", "path": "watch", "count": 6})");
  for (int number = 1; number <= 3; ++number) {
    make_worker(server, number);
    client.expect(number, "ready", is_ready);
  }
}

TEST_CASE("a version that is gone makes the client list anew") {
  Kubesim server;
  Client client(of(server));
  client.start();
  make_worker(server, 1);
  client.expect(1, "ready", is_ready);
  server.fault(R"({"kind": "gone", "path": "/jobs[?].*watch", "count": 1})");
  server.fault(R"({"kind": "cut", "after": "line", "path": "/jobs[?].*watch", "count": 1})");
  make_worker(server, 2);
  const auto before = client.recorder().count();
  client.expect(2, "ready", is_ready);
  client.recorder().expect<event::WorkersListed>(
      "a list with both",
      [](const event::WorkersListed& listed) { return listed.workers.size() == 2; },
      before > 5 ? before - 5 : 0);
}

TEST_CASE("a 410 instead of a watch makes the client list anew") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.fault(R"({"kind": "status", "status": 410, "path": "/jobs[?].*watch", "count": 1})");
  server.fault(R"({"kind": "status", "status": 410, "path": "/pods[?].*watch", "count": 1})");
  server.fault(R"({"kind": "cut", "path": "/jobs[?].*watch", "count": 1})");
  server.fault(R"({"kind": "cut", "path": "/pods[?].*watch", "count": 1})");
  make_worker(server, 1);
  client.expect(1, "ready", is_ready);
  eventually("it has listed anew", [&] { return count_lists(client) >= 2; });
  CHECK(server.struck() >= 3);
}

TEST_CASE("a worker that went while the watch was down is not in the next list") {
  Kubesim server;
  Client client(of(server));
  client.start();
  make_worker(server, 1);
  make_worker(server, 2);
  client.expect(2, "ready", is_ready);
  server.fault(R"({"kind": "status", "status": 503, "path": "watch="})");
  server.fault(R"({"kind": "cut", "after": "line", "path": "watch=", "count": 2})");
  const auto jobs = "/apis/batch/v1/namespaces/" + server.name_space() + "/jobs/";
  REQUIRE(server.target().remove(jobs + "orders-1", kBackground).status == 200);
  REQUIRE(server.target()
              .merge(jobs + "orders-2", R"({"metadata": {"annotations": {"x": "y"}}})")
              .status == 200);
  client.recorder().expect<event::WatchChanged>(
      "the watch is down", [](const event::WatchChanged& changed) { return !changed.up; });
  REQUIRE(server.target().remove(jobs + "orders-2", kBackground).status == 200);
  server.compact();
  const auto from = client.recorder().count();
  server.clear_faults();
  client.recorder().expect<event::WorkersListed>(
      "an empty list", [](const event::WorkersListed& listed) { return listed.workers.empty(); },
      from);
  client.recorder().expect<event::WatchChanged>(
      "the watch is up again", [](const event::WatchChanged& changed) { return changed.up; }, from);
}

TEST_CASE("duplicated and stale events do not bring anything back") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.fault(R"({"kind": "stale"})");
  server.fault(R"({"kind": "duplicate"})");
  for (int number = 1; number <= 5; ++number) {
    make_worker(server, number, R"({"fake/ready-after": "0.05", "fake/seconds": "0.2"})");
  }
  for (int number = 1; number <= 5; ++number) {
    const auto done = client.expect(number, "complete", is_complete);
    client.remove(done);
    client.expect_gone(done);
  }
  // A last one, after whose news nothing about the others can be under way any more.
  make_worker(server, 6);
  client.expect(6, "ready", is_ready);
  std::map<std::string, bool> complete;
  std::map<std::string, bool> gone;
  INFO(client.recorder().story());
  for (const auto& event : client.recorder().events()) {
    if (const auto* went = std::get_if<event::WorkerGone>(&event)) gone[went->uid] = true;
    for (const auto& worker : workers_in(event)) {
      CHECK_FALSE(gone[worker.uid]);
      CHECK((is_complete(worker) || !complete[worker.uid]));
      complete[worker.uid] = is_complete(worker);
    }
  }
}

TEST_CASE("lists that fail at first are asked for again, and it is said") {
  for (const std::string fault :
       {R"("kind": "status", "status": 500)", R"("kind": "status", "status": 429)",
        R"("kind": "status", "status": 200, "body": "<html>Log in</html>")",
        R"("kind": "status", "status": 200, "body": "{\"items\": [")", R"("kind": "reset")",
        R"("kind": "status", "status": 401)"}) {
    INFO(fault);
    Kubesim server;
    make_worker(server, 1);
    server.fault(R"({"method": "GET", "path": "/(jobs|pods)[?]", "count": 2, )" + fault + "}");
    Client client(of(server));
    client.start();
    client.expect(1, "ready", is_ready);
    CHECK_FALSE(client.recorder().notes().empty());
  }
}

TEST_CASE("workers are not told before the marks are known") {
  Kubesim server;
  make_worker(server, 1);
  server.fault(R"({"kind": "status", "status": 503, "path": "/leases", "count": 2})");
  Client client(of(server));
  client.start();
  bool marks = false;
  for (const auto& event : client.recorder().events()) {
    marks = marks || std::holds_alternative<event::MarksLoaded>(event);
    if (std::holds_alternative<event::WorkersListed>(event)) CHECK(marks);
  }
  CHECK(marks);
  CHECK_FALSE(client.recorder().notes().empty());
}

}  // namespace kube_suite
