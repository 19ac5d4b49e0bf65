// Servers that are away, come back, or stand still; writes that have to be made again.

#include <catch2/catch.hpp>
#include <future>

#include "client.h"
#include "kubesim.h"

namespace kube_suite {

using namespace jobscaler;
using Names = std::vector<std::string>;

namespace {

ClientOptions of(const Kubesim& server) {
  ClientOptions options;
  options.kubeconfig = server.kubeconfig();
  options.name_space = server.name_space();
  options.annotations = R"({"fake/ready-after": "0"})";
  return options;
}

bool is_ready(const WorkerFacts& worker) {
  return worker.pod && worker.pod->ready;
}

std::int64_t mark_on(const Kubesim& server) {
  Client reader(of(server));
  reader.start();
  const auto marks = reader.recorder()
                         .expect<event::MarksLoaded>("the marks", [](const auto&) { return true; })
                         .marks;
  return marks.count("orders") == 0 ? 0 : marks.at("orders");
}

}  // namespace

TEST_CASE("a server that is away at start is waited for, and said once") {
  Kubesim server;
  server.kill();
  Client client(of(server));
  client.cluster().start();
  client.recorder().expect_note("connection refused");
  server.start();
  client.recorder().expect<event::WorkersListed>("the first list",
                                                 [](const auto&) { return true; });
  client.expect_to_lead();
  CHECK(client.create(1).kind == CreateOutcome::Kind::created);
  CHECK(client.template_refusal().empty());
  int said = 0;
  for (const auto& note : client.recorder().notes()) {
    said += note.subject == "kubernetes" && contains(note.text, "connection refused") ? 1 : 0;
  }
  CHECK(said == 1);
}

TEST_CASE("a server that dies and comes back empty is listed anew") {
  Kubesim server;
  Client client(of(server));
  client.start();
  client.create(1);
  client.expect(1, "ready", is_ready);
  server.kill();
  const auto down = client.recorder().expect<event::WatchChanged>(
      "the watch is down", [](const event::WatchChanged& changed) { return !changed.up; });
  CHECK_FALSE(down.words.empty());
  const auto from = client.recorder().count();
  server.start();
  client.recorder().expect<event::WorkersListed>(
      "an empty list", [](const event::WorkersListed& listed) { return listed.workers.empty(); },
      from);
  client.recorder().expect<event::WatchChanged>(
      "the watch is up", [](const event::WatchChanged& changed) { return changed.up; }, from);
  CHECK(client.create(2).kind == CreateOutcome::Kind::created);
}

TEST_CASE("a client stops although the server stands still") {
  Kubesim server;
  auto options = of(server);
  options.timeout = std::chrono::minutes(10);  // nothing ends by itself while the test waits
  Client client(options);
  client.start();
  server.fault(R"({"kind": "freeze"})");
  client.ask_for(1);
  eventually("the request is frozen", [&] { return server.struck() > 0; });
  auto stopping = std::async(std::launch::async, [&] { client.stop(); });
  CHECK(stopping.wait_for(std::chrono::minutes(1)) == std::future_status::ready);
  stopping.get();
  const auto told = client.recorder().count();
  server.clear_faults();
  eventually("the late request is done", [&] { return server.jobs() == Names{"orders-1"}; });
  CHECK(client.recorder().count() == told);
}

TEST_CASE("a deletion whose answer is lost is done, and nobody is told otherwise for good") {
  Kubesim server;
  Client client(of(server));
  client.start();
  client.create(1);
  const auto worker = client.expect(1, "ready", is_ready);
  server.fault(R"({"kind": "lost", "method": "DELETE", "count": 1})");
  client.remove(worker);
  client.expect_gone(worker);
  CHECK(server.struck() == 1);
}

TEST_CASE("a deletion that fails is said, and done when asked for again") {
  for (const std::string fault : {R"("kind": "status", "status": 500)",
                                  R"("kind": "status", "status": 429, "retry_after": 1)"}) {
    INFO(fault);
    Kubesim server;
    Client client(of(server));
    client.start();
    client.create(1);
    const auto worker = client.expect(1, "ready", is_ready);
    server.fault(R"({"method": "DELETE", "count": 1, )" + fault + "}");
    client.remove(worker);
    client.recorder().expect_note("orders-1 is not deleted: ");
    CHECK(server.jobs() == Names{"orders-1"});
    client.remove(worker);
    client.expect_gone(worker);
  }
}

TEST_CASE("a mark whose writing goes wrong is written in the end") {
  for (const std::string fault :
       {R"("kind": "lost")", R"("kind": "reset")", R"("kind": "status", "status": 500)",
        R"("kind": "status", "status": 409, "message": "the object has been modified")"}) {
    INFO(fault);
    Kubesim server;
    Client client(of(server));
    client.start();
    server.fault(R"({"method": "PUT", "path": "/leases/", "count": 2, )" + fault + "}");
    client.record(5);
    eventually("the mark is written", [&] { return mark_on(server) == 5; });
  }
}

TEST_CASE("a template's check waits for a server that can tell") {
  Kubesim server;
  server.fault(R"({"kind": "status", "status": 503, "path": "dryRun", "count": 2})");
  Client client(of(server));
  client.start();
  CHECK(client.template_refusal().empty());
  CHECK(server.struck() == 2);
}

TEST_CASE("events that cannot be listed cost nothing but words") {
  Kubesim server;
  server.fault(R"({"kind": "status", "status": 403, "path": "/events"})");
  auto options = of(server);
  options.group = "no-such-group";
  Client client(options);
  client.start();
  client.create(1);
  eventually("events were asked for", [&] { return server.struck() > 0; });
  const auto worker = client.expect(1, "unschedulable", [](const auto& facts) {
    return facts.pod && !facts.pod->unscheduled_reason.empty();
  });
  CHECK(worker.event_words.empty());
}

}  // namespace kube_suite
