// Two daemons on one cluster, of which one leads and the other follows.

#include <catch2/catch.hpp>

#include "scenario.h"

using namespace jobscaler;
using namespace jobscaler::scenario;

namespace {

/// Workers of ten messages each; the first daemon leads, the second stands by.
struct Pair : Scenario {
  explicit Pair(int max_workers) : Scenario(spec(max_workers)) {
    for (FakeDaemon* one : {&daemon(), &add_daemon()}) {
      one->elects = true;
      one->start();
      world.run_for(milliseconds(100));
    }
  }

  static EngineSpec spec(int max_workers) {
    EngineSpec spec = one_scaler();
    spec.scalers[0].messages_per_worker = 10;
    spec.scalers[0].max_workers = max_workers;
    return spec;
  }

  bool drains(Duration limit) {
    return world.run_until([&] { return cluster.queue("orders").drained(); }, limit);
  }

  bool follows(Duration limit) {
    return world.run_until([&] { return daemon(1).leads(); }, limit);
  }
};

}  // namespace

TEST_CASE("of two daemons one creates workers, and the other says for whom it stands by") {
  Pair s(4);
  s.cluster.queue("orders").publish(100, milliseconds(500));
  REQUIRE(s.drains(minutes(5)));
  CHECK(s.daemon().leads());
  CHECK_FALSE(s.daemon(1).leads());
  CHECK(s.said("orders'  not_leader: "));
  CHECK_FALSE(s.said("orders'  messages_above: "));
}

TEST_CASE("a leader killed at every instant of a ramp is followed, and no promise is broken") {
  const int instant = GENERATE(range(0, 120));
  Pair s(4);
  s.cluster.queue("orders").publish(100, milliseconds(500));
  s.daemon().faults.lose_next_answer = instant % 3 == 0;
  s.world.run_for(milliseconds(17 * instant));
  s.daemon().kill();
  REQUIRE(s.follows(seconds(15)));
  REQUIRE(s.drains(minutes(5)));
  CHECK(s.cluster.peak("orders") <= 4);
}

TEST_CASE("a leader that is stopped is followed at the next look") {
  Pair s(4);
  s.cluster.queue("orders").publish(1000, milliseconds(500));
  s.world.run_for(seconds(5));
  s.daemon().stop();
  CHECK(s.follows(seconds(3)));
  CHECK(s.drains(minutes(5)));
}

TEST_CASE("a new leader whose watch was dead decides nothing before it has listed") {
  Pair s(1);
  s.daemon(1).deafen();
  for (int i = 0; i < 3; ++i) {
    s.cluster.queue("orders").publish(10, seconds(1));
    REQUIRE(s.drains(minutes(2)));
    s.world.run_for(minutes(1));
  }
  s.world.run_for(minutes(12));
  REQUIRE_FALSE(s.cluster.exists("orders-3"));  // nothing but the marks remembers it
  s.daemon(1).list_time = seconds(3);
  s.cluster.queue("orders").publish(10, seconds(1));
  s.daemon().kill();
  REQUIRE(s.drains(minutes(2)));
  CHECK(s.said("orders'  workers_unknown: this daemon leads since "));
  CHECK(s.cluster.created("orders") == 4);
}

TEST_CASE("workers whose pods a new leader has not listed yet are not taken for stuck") {
  Pair s(1);
  s.daemon(1).deafen();
  s.cluster.queue("orders").publish(1000, hours(1));
  s.world.run_for(minutes(16));
  REQUIRE(s.cluster.ready("orders") == 1);
  s.daemon(1).pods_lag = seconds(5);
  s.daemon().kill();
  s.world.run_for(minutes(30));
  CHECK_FALSE(s.said("stuck"));
  CHECK(s.cluster.ready("orders") == 1);
}

TEST_CASE("a leader frozen with a create in hand wakes up to drop it and to stand by") {
  Pair s(3);
  s.cluster.queue("orders").publish(1000, seconds(60));
  REQUIRE(s.world.run_until([&] { return s.starts("orders") == 2; }, minutes(1)));
  s.daemon().freeze();  // before the create has left the process
  REQUIRE(s.follows(seconds(15)));
  s.world.run_for(minutes(1));
  s.daemon().thaw();
  s.world.run_for(minutes(1));
  CHECK_FALSE(s.daemon().leads());
  CHECK(s.daemon(1).leads());
  CHECK(s.cluster.peak("orders") == 3);
}

TEST_CASE("a leader frozen with a deletion in hand does not delete what is well meanwhile") {
  Pair s(1);
  s.cluster.image("orders") = {.kind = Image::Kind::cannot_pull};
  s.cluster.queue("orders").publish(10, seconds(1));
  REQUIRE(s.world.run_until([&] { return s.said("orders-1 is deleted"); }, hours(1)));
  s.daemon().freeze();  // before the mark is written
  const auto uid = s.cluster.facts("orders-1").uid;
  REQUIRE(s.follows(seconds(15)));
  s.daemon().thaw();
  s.world.run_for(seconds(5));
  REQUIRE(s.cluster.exists("orders-1"));
  CHECK(s.cluster.facts("orders-1").uid == uid);
  CHECK_FALSE(s.cluster.facts("orders-1").deleting);
}
