// Creations whose requests or answers go wrong. Each name is asked for once; it must exist at most
// once, and what the client says must be so.

#include <catch2/catch.hpp>

#include "client.h"
#include "kubesim.h"

namespace kube_suite {

using namespace jobscaler;
using Kind = CreateOutcome::Kind;
using Names = std::vector<std::string>;

namespace {

ClientOptions of(const Kubesim& server) {
  ClientOptions options;
  options.kubeconfig = server.kubeconfig();
  options.name_space = server.name_space();
  options.annotations = R"({"fake/ready-after": "0"})";
  return options;
}

bool exists(const CreateOutcome& outcome) {
  return outcome.kind == Kind::created || outcome.kind == Kind::adopted;
}

constexpr auto kPosts = R"("method": "POST", "path": "/jobs")";

std::string posts(const std::string& members) {
  return std::string("{") + kPosts + ", " + members + "}";
}

}  // namespace

TEST_CASE("an answer that is lost after the write does not hide the worker") {
  Kubesim server;
  Client client(of(server));
  client.start();
  client.create(1);  // so that there is a connection that is used again
  server.fault(posts(R"("kind": "lost", "count": 1)"));
  const auto outcome = client.create(2);
  CHECK(exists(outcome));
  CHECK(outcome.worker->number == 2);
  CHECK(server.jobs() == Names{"orders-1", "orders-2"});
}

TEST_CASE("answers that are always lost do not hide the workers") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.fault(posts(R"("kind": "lost")"));
  for (int number = 1; number <= 3; ++number) CHECK(exists(client.create(number)));
  CHECK(server.jobs() == Names{"orders-1", "orders-2", "orders-3"});
}

TEST_CASE("a lost answer under a quota that is full by then does not hide the worker") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.set_quota(R"({"count/jobs.batch": "2"})");
  client.create(1);
  server.fault(posts(R"("kind": "lost", "count": 1)"));
  // The HTTP library sends the POST again by itself, and that one is refused for the quota's sake.
  const auto outcome = client.create(2);
  INFO(outcome.words);
  CHECK(exists(outcome));
  CHECK(server.jobs() == Names{"orders-1", "orders-2"});
}

TEST_CASE("a request that never arrives creates nothing, and says so") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.fault(posts(R"("kind": "reset")"));
  const auto outcome = client.create(1);
  CHECK(outcome.kind == Kind::not_created);
  CHECK_FALSE(outcome.words.empty());
  CHECK(server.jobs().empty());
  server.clear_faults();
  CHECK(client.create(1).kind == Kind::created);
}

TEST_CASE("too many requests: nothing is created, and the server's wish is passed on") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.fault(posts(R"("kind": "status", "status": 429, "retry_after": 7)"));
  const auto outcome = client.create(1);
  CHECK(outcome.kind == Kind::refused);
  CHECK(outcome.retry_after == std::chrono::seconds(7));
  CHECK(contains(outcome.words, "Too many requests"));
  CHECK(server.jobs().empty());
}

TEST_CASE("a server's error is read back: it may have happened") {
  for (const std::string status : {"500", "503", "504"}) {
    Kubesim server;
    Client client(of(server));
    client.start();
    server.fault(posts(R"("kind": "status", "done": true, "count": 1, "status": )" + status));
    CHECK(exists(client.create(1)));
    server.fault(posts(R"("kind": "status", "count": 1, "status": )" + status));
    const auto refused = client.create(2);
    CHECK(refused.kind == Kind::refused);
    CHECK_FALSE(refused.words.empty());
    CHECK(server.jobs() == Names{"orders-1"});
  }
}

TEST_CASE("an answer that is no Job is read back") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.fault(posts(
      R"("kind": "status", "done": true, "count": 1, "status": 201, "body": "<html>Welcome</html>")"));
  CHECK(exists(client.create(1)));
  server.fault(posts(R"("kind": "status", "count": 1, "status": 201, "body": "{}")"));
  CHECK(client.create(2).kind == Kind::not_created);
  CHECK(server.jobs() == Names{"orders-1"});
}

TEST_CASE("an answer that comes too late does not hide the worker") {
  Kubesim server;
  auto options = of(server);
  options.timeout = std::chrono::seconds(1);
  Client client(options);
  client.start();
  server.fault(posts(R"("kind": "delay_answer", "seconds": 3, "count": 1)"));
  CHECK(exists(client.create(1)));
  CHECK(server.jobs() == Names{"orders-1"});
}

TEST_CASE("a frozen server leaves the creation unanswered until it can be known") {
  Kubesim server;
  auto options = of(server);
  options.timeout = std::chrono::seconds(1);
  Client client(options);
  client.start();
  server.fault(R"({"kind": "freeze"})");
  client.ask_for(1);
  // The POST and at least one reading of the name have come and have not been answered.
  eventually("three requests are frozen", [&] { return server.struck() >= 3; });
  for (const auto& event : client.recorder().events()) {
    CHECK_FALSE(std::holds_alternative<event::CreateAnswered>(event));
  }
  client.recorder().expect_note("whether orders-1 was created is not known yet");
  server.clear_faults();
  const auto outcome = client.answer_for(1);
  CHECK(exists(outcome));
  CHECK(server.jobs() == Names{"orders-1"});
}

TEST_CASE("a POST that arrives after it was given up is seen, and adopted when asked for again") {
  Kubesim server;
  auto options = of(server);
  options.timeout = std::chrono::seconds(1);
  Client client(options);
  client.start();
  server.fault(posts(R"("kind": "freeze")"));
  CHECK(client.create(1).kind == Kind::not_created);
  server.clear_faults();
  const auto late = client.expect(1, "seen after all", [](const auto&) { return true; });
  const auto again = client.create(1);
  CHECK(again.kind == Kind::adopted);
  CHECK(again.worker->uid == late.uid);
  CHECK(server.jobs() == Names{"orders-1"});
}

TEST_CASE("connections that the server closes between requests cost nothing") {
  Kubesim server;
  Client client(of(server));
  client.start();
  server.fault(R"({"kind": "close"})");
  Names names;
  for (int number = 1; number <= 9; ++number) {
    CHECK(exists(client.create(number)));
    names.push_back(worker_name(number));
  }
  CHECK(server.jobs() == names);
}

TEST_CASE("many faults at random: every answer is true") {
  Kubesim server({"--group", "pool:1:1:100:0", "--seed", "7"});
  auto options = of(server);
  options.timeout = std::chrono::seconds(2);
  Client client(options);
  client.start();
  for (const std::string kind : {"lost", "reset", "close"}) {
    server.fault(posts(R"("probability": 0.2, "kind": ")" + kind + '"'));
  }
  server.fault(posts(R"("probability": 0.1, "kind": "status", "status": 500, "done": true)"));
  server.fault(posts(R"("probability": 0.1, "kind": "status", "status": 503)"));
  server.fault(posts(R"("probability": 0.1, "kind": "delay", "seconds": 0.1)"));
  server.fault(R"({"method": "GET", "path": "/jobs/", "probability": 0.2, "kind": "reset"})");
  Names expected;
  for (int number = 1; number <= 40; ++number) {
    const auto outcome = client.create(number);
    INFO(number << ": " << outcome.words);
    if (exists(outcome)) {
      CHECK(outcome.worker->name == worker_name(number));
      expected.push_back(worker_name(number));
    } else {
      CHECK((outcome.kind == Kind::not_created || outcome.kind == Kind::refused));
    }
  }
  server.clear_faults();
  std::sort(expected.begin(), expected.end());
  CHECK(server.jobs() == expected);
}

}  // namespace kube_suite
