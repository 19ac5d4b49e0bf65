// Workers that do not do what workers should.

#include <catch2/catch.hpp>

#include "scenario.h"

using namespace jobscaler;
using namespace jobscaler::scenario;

namespace {

EngineSpec eager() {
  EngineSpec spec = one_scaler();
  spec.scalers[0].messages_per_worker = 1;
  return spec;
}

}  // namespace

TEST_CASE("workers that all crash are tried less and less often, and never given up") {
  auto s = std::make_unique<Scenario>(eager());
  s->cluster.image("orders") = {.kind = Image::Kind::crashes};
  s->cluster.queue("orders").publish(1000, seconds(1));
  s->start();
  s->world.run_for(hours(1));
  // 10 s doubling to 10 min: 6 steps in the first 10.5 min, then one every 10 min.
  CHECK(s->cluster.created("orders") >= 10);
  CHECK(s->cluster.created("orders") <= 14);
  CHECK(s->decision("orders").reason == Reason::backing_off);
  CHECK(s->said("exit code 1, Error: no such host: db; 1000 waiting (> 0)"));

  SECTION("and once they work again, the queue is drained") {
    s->cluster.image("orders") = {};
    REQUIRE(s->world.run_until([&] { return s->cluster.queue("orders").drained(); }, hours(2)));
  }
}

TEST_CASE("workers that crash read like this") {
  Scenario s(eager());
  s.cluster.image("orders") = {.kind = Image::Kind::crashes};
  s.cluster.queue("orders").publish(10, seconds(1));
  s.start();
  s.world.run_for(seconds(90));
  require_golden("all_crash", s.log());
}

TEST_CASE("a window of 10 workers that crash together raises the backoff by one level") {
  EngineSpec spec = eager();
  spec.node_groups[0].window = 10;
  Scenario s(spec);
  s.cluster.image("orders") = {.kind = Image::Kind::crashes, .run = seconds(5)};
  s.cluster.queue("orders").publish(1000, seconds(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.said("backing_off"); }, minutes(1)));
  CHECK(s.cluster.created("orders") >= 10);
  s.world.run_for(seconds(3));
  CHECK(s.decision("orders").text.find("(level 1)") != std::string::npos);
}

TEST_CASE("a poison message slows its scaler down and does not stop it for good") {
  EngineSpec spec = one_scaler();
  Scenario s(spec);
  s.cluster.queue("orders").publish(1, seconds(1), true);
  s.cluster.queue("orders").publish(50, seconds(1));
  s.start();
  s.world.run_for(minutes(30));
  // It is redelivered to every worker, at the head of the queue, and kills each.
  CHECK(s.cluster.queue("orders").done() == 0);
  CHECK(s.cluster.created("orders") <= 10);
  CHECK(s.said("backing_off: for another 9"));
  s.cluster.queue("orders").discard_poison();
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, minutes(30)));
}

TEST_CASE("workers that exit 0 within a second without taking messages are a failure") {
  Scenario s(eager());
  s.cluster.image("orders") = {.kind = Image::Kind::exits_at_once};
  s.cluster.queue("orders").publish(100, seconds(1));
  s.start();
  s.world.run_for(minutes(30));
  // Two at each step of the ladder: one that has exited leaves the window before its Job is
  // Complete.
  CHECK(s.cluster.created("orders") >= 10);
  CHECK(s.cluster.created("orders") <= 22);
  CHECK(s.decision("orders").reason == Reason::backing_off);
  CHECK(s.said("workers exit without taking messages"));
}

TEST_CASE("workers that take one message each and exit within a second are well") {
  // Each takes one of the 30, so the backlog falls.
  EngineSpec spec = eager();
  Scenario s(spec);
  s.cluster.image("orders").idle_exit = milliseconds(0);
  s.cluster.image("orders").startup = milliseconds(500);
  s.cluster.queue("orders").publish(30, milliseconds(100));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, minutes(2)));
  CHECK(s.count("orders", Reason::backing_off) == 0);
}

TEST_CASE(
    "an image that cannot be pulled opens the gate again, is kept to be looked at, then deleted") {
  Scenario s(eager());
  s.cluster.image("orders") = {.kind = Image::Kind::cannot_pull};
  s.cluster.queue("orders").publish(100, seconds(1));
  s.start();
  s.world.run_for(minutes(11));
  CHECK(
      s.said("orders-1 stuck, ImagePullBackOff: Back-off pulling image "
             "\"registry.example/broken:1\"; kept 10m to be looked at"));
  CHECK_FALSE(s.cluster.exists("orders-1"));
  CHECK(s.cluster.exists("orders-2"));
  CHECK(s.cluster.created("orders") <= 5);

  SECTION("and repaired, it works") {
    s.cluster.image("orders") = {};
    REQUIRE(s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, minutes(30)));
  }
}

TEST_CASE(
    "a stuck worker whose deletion hangs counts against max, holds no window, and is mentioned") {
  EngineSpec spec = eager();
  spec.scalers[0].max_workers = 2;
  Scenario s(spec);
  s.cluster.deletions_hang = true;
  s.cluster.image("orders") = {.kind = Image::Kind::never_ready};
  s.cluster.queue("orders").publish(100, seconds(1));
  s.start();
  s.world.run_for(minutes(30));
  CHECK(s.cluster.created("orders") == 2);
  CHECK(s.cluster.exists("orders-1"));
  CHECK(s.decision("orders").reason == Reason::at_max);
  CHECK(
      s.said("orders-1 is still there 1m after its deletion was asked for (a finalizer holds it?); "
             "it counts against max until it is gone"));
}

TEST_CASE("a Job whose pod is refused is stuck, with the event's words") {
  Scenario s(eager());
  s.cluster.image("orders") = {.kind = Image::Kind::no_pod};
  s.cluster.queue("orders").publish(10, seconds(1));
  s.start();
  s.world.run_for(seconds(35));
  CHECK(
      s.said("orders-1 stuck, no pod is made for it: job-controller: FailedCreate pods \"x\" is "
             "forbidden: exceeded quota"));
  CHECK(s.decision("orders").reason == Reason::backing_off);
}

TEST_CASE(
    "a nodeSelector that matches nothing holds everyone for nodeTimeout and then only itself") {
  EngineSpec spec{{group_named("default")}, {scaler_named("orders"), scaler_named("bills")}};
  spec.scalers[0].messages_per_worker = 1;
  spec.scalers[1].messages_per_worker = 1;
  Scenario s(spec);
  s.cluster.nodes("default") = {0, seconds(60), 0, 0};
  s.cluster.queue("orders").publish(10, seconds(1));
  s.start();
  s.world.run_for(minutes(1));
  s.cluster.queue("bills").publish(10, seconds(1));
  s.world.run_for(minutes(1));
  CHECK(s.decision("bills").reason == Reason::waiting_for_ready);
  CHECK(
      s.decision("bills").text.find(
          "orders-1 pending 1m59s, Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.") !=
      std::string::npos);

  s.world.run_for(minutes(15));
  CHECK(s.cluster.created("orders") == 1);
  CHECK(s.decision("orders").reason == Reason::at_capacity);
  CHECK(s.cluster.created("bills") == 1);

  SECTION("and when a node comes, all goes on") {
    s.cluster.nodes("default").slots = 10;
    s.cluster.delete_by_hand("orders-1");  // it was waiting for a node that would never have come
    REQUIRE(s.world.run_until(
        [&] { return s.cluster.queue("orders").drained() && s.cluster.queue("bills").drained(); },
        minutes(40)));
  }
}

TEST_CASE("a flapping readiness probe does not close the gate again") {
  EngineSpec spec = eager();
  Scenario s(spec);
  s.cluster.image("orders").flaps = true;
  s.cluster.queue("orders").publish(40, minutes(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 20; }, minutes(2)));
  s.world.run_for(minutes(20));
  CHECK(s.cluster.queue("orders").drained());
  CHECK(s.count("orders", Reason::backing_off) == 0);
}

TEST_CASE("evicted workers are nobody's fault") {
  EngineSpec spec = eager();
  spec.scalers[0].max_workers = 3;
  Scenario s(spec);
  s.cluster.queue("orders").publish(100, minutes(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 3; }, minutes(1)));
  s.cluster.evict("orders-2");
  s.world.run_for(seconds(5));
  CHECK(s.said("orders-2 failed after"));
  CHECK(s.said("Evicted: The node was low on resource: memory. (not its own fault)"));
  CHECK(s.count("orders", Reason::backing_off) == 0);
  CHECK(s.cluster.created("orders") == 4);
}

TEST_CASE("drained workers are nobody's fault, though their pods are gone first") {
  EngineSpec spec = eager();
  spec.scalers[0].max_workers = 3;
  Scenario s(spec);
  s.cluster.queue("orders").publish(100, minutes(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 3; }, minutes(1)));
  s.cluster.drain("orders-2");
  s.world.run_for(seconds(5));
  CHECK(s.said("BackoffLimitExceeded (not its own fault)"));
  CHECK(s.count("orders", Reason::backing_off) == 0);
  CHECK(s.cluster.created("orders") == 4);
}

TEST_CASE("a worker deleted by someone is replaced under a new number") {
  EngineSpec spec = eager();
  spec.scalers[0].max_workers = 2;
  Scenario s(spec);
  s.cluster.queue("orders").publish(100, minutes(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 2; }, minutes(1)));
  s.world.run_for(milliseconds(100));
  s.cluster.delete_by_hand("orders-2");
  REQUIRE(s.world.run_until([&] { return s.cluster.exists("orders-3"); }, seconds(10)));
  CHECK(s.said("orders-2 was deleted by someone while it was ready"));
  s.world.run_for(seconds(1));
  CHECK(s.cluster.marks.at("orders") == 2);
}
