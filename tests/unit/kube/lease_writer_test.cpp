#include <catch2/catch.hpp>

#include <future>

#include "fake_api.h"
#include "kube/lease_writer.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace jobscaler::test;
using namespace std::chrono_literals;

namespace {

using Outcome = LeaseWriter::Outcome;

constexpr auto kLeases = "/apis/coordination.k8s.io/v1/namespaces/workers/leases";
constexpr auto kLease =
    "/apis/coordination.k8s.io/v1/namespaces/workers/leases/jobscaler-jobscaler";

struct Bench {
  ~Bench() { lease.close(); }

  std::future<Outcome> change(LeaseWriter::Edit edit) {
    auto over = std::make_shared<std::promise<Outcome>>();
    lease.change(std::move(edit), [over](const Outcome& outcome) { over->set_value(outcome); });
    return over->get_future();
  }

  FakeApi api;
  LeaseWriter lease{api.config()};
};

std::optional<std::string> leave_alone(const Json*) {
  return std::nullopt;
}

LeaseWriter::Edit write(const std::string& body) {
  return [body](const Json*) { return body; };
}

}  // namespace

TEST_CASE("a change of the Lease is written when the one before is over") {
  Bench bench;
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  auto first = bench.change(write("first"));
  auto second = bench.change(leave_alone);
  auto third = bench.change(write("third"));
  CHECK(third.get().kind == Outcome::Kind::done);
  CHECK(first.get().kind == Outcome::Kind::done);
  CHECK(second.get().kind == Outcome::Kind::done);
  CHECK(bench.api.calls("GET", kLease).size() == 3);
  const auto puts = bench.api.calls("PUT", kLease);
  REQUIRE(puts.size() == 2);
  CHECK(puts[0].body == "first");
  CHECK(puts[1].body == "third");
}

TEST_CASE("a change that asks for another gets it") {
  Bench bench;
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  std::promise<void> over;
  bench.lease.change(leave_alone, [&](const Outcome&) {
    bench.lease.change(write("next"), [&](const Outcome&) { over.set_value(); });
  });
  REQUIRE(over.get_future().wait_for(30s) == std::future_status::ready);
  CHECK(bench.api.calls("PUT", kLease).size() == 1);
}

TEST_CASE("a Lease that is not there is created") {
  Bench bench;
  bench.api.on("GET", kLease, {status_reply(404, "NotFound", "not found")});
  bench.api.on("POST", kLeases, {reply(201, "{}")});
  auto created = bench.change([&](const Json* lease) {
    CHECK(lease == nullptr);
    return bench.lease.fresh({{"orders", 3}});
  });
  CHECK(created.get().kind == Outcome::Kind::done);
  const auto body = Json::parse(bench.api.calls("POST", kLeases)[0].body);
  CHECK(text(body, {"metadata", "namespace"}) == "workers");
  CHECK(marks_of(body) == MarkMap{{"orders", 3}});
}

TEST_CASE("a write that somebody else was faster than is a conflict, in the server's words") {
  Bench bench;
  bench.api.on("PUT", kLease, {status_reply(409, "Conflict", "modified")});
  const auto refused = bench.change(write("{}")).get();
  CHECK(refused.kind == Outcome::Kind::conflict);
  CHECK(refused.error.message ==
        "cannot update leases.coordination.k8s.io in namespace workers (409): modified");
  bench.api.on("GET", kLease, {status_reply(404, "NotFound", "not found")});
  bench.api.on("POST", kLeases, {status_reply(409, "AlreadyExists", "exists")});
  CHECK(bench.change(write("{}")).get().kind == Outcome::Kind::conflict);
}

TEST_CASE("what cannot be read is not changed") {
  Bench bench;
  for (const auto& answer : {status_reply(403, "Forbidden", "no"), reply(200, "<html>"),
                             reply(200, R"({"kind": "Status"})"), drop()}) {
    bench.api.on("GET", kLease, {answer});
    bool edited = false;
    auto outcome = bench.change([&](const Json* lease) {
      edited = true;
      return leave_alone(lease);
    });
    CHECK(outcome.get().kind == Outcome::Kind::failed);
    CHECK_FALSE(edited);
  }
}

TEST_CASE("whoever waits for a change of the Lease is told when it is stopped") {
  Bench bench;
  bench.api.on("GET", kLease, {hang()});
  auto first = bench.change(leave_alone);
  auto second = bench.change(leave_alone);
  REQUIRE(bench.api.has_calls("GET", kLease, 1));
  bench.lease.stop();
  CHECK(first.get().kind == Outcome::Kind::failed);
  CHECK(second.get().kind == Outcome::Kind::failed);
  CHECK(bench.change(leave_alone).get().kind == Outcome::Kind::failed);
}

TEST_CASE("a change that comes next waits for the one under way and for no other") {
  Bench bench;
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  std::future<Outcome> second;
  std::promise<Outcome> next;
  auto first = bench.change([&](const Json*) {
    second = bench.change(write("second"));
    bench.lease.change_next(write("next"),
                            [&](const Outcome& outcome) { next.set_value(outcome); });
    return "first";
  });
  CHECK(first.get().kind == Outcome::Kind::done);
  CHECK(next.get_future().get().kind == Outcome::Kind::done);
  CHECK(second.get().kind == Outcome::Kind::done);
  std::vector<std::string> written;
  for (const auto& put : bench.api.calls("PUT", kLease)) written.push_back(put.body);
  CHECK(written == std::vector<std::string>{"first", "next", "second"});
}

TEST_CASE("how long the API server wishes us to wait is told") {
  Bench bench;
  const auto busy = status_reply(429, "TooManyRequests", "slow down", "Retry-After: 7\r\n");
  bench.api.on("PUT", kLease, {busy});
  CHECK(bench.change(write("{}")).get().retry_after == Duration(7s));
  bench.api.on("GET", kLease, {busy});
  CHECK(bench.change(leave_alone).get().retry_after == Duration(7s));
}
