// How a backlog is met when everything is well.

#include <catch2/catch.hpp>

#include "scenario.h"

using namespace jobscaler;
using namespace jobscaler::scenario;

TEST_CASE(
    "a burst of 10,000 messages is met by max workers, one window at a time, and is drained") {
  EngineSpec spec = one_scaler();
  spec.scalers[0].messages_per_worker = 50;
  Scenario s(spec);
  s.cluster.queue("orders").publish(10'000, milliseconds(100));
  s.start();

  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 20; }, minutes(2)));
  // 20 workers, each about 1.6 s after the one before: nothing is polled in between.
  CHECK(s.world.elapsed() < seconds(40));
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, minutes(10)));
  REQUIRE(s.world.run_until([&] { return s.cluster.unfinished("orders") == 0; }, minutes(1)));
  CHECK(s.cluster.queue("orders").done() == 10'000);
  CHECK(s.cluster.peak("orders") == 20);
  CHECK(s.cluster.created("orders") == 20);
}

TEST_CASE("with a window of 5 the ramp is five times as steep") {
  EngineSpec spec = one_scaler();
  spec.node_groups[0].window = 5;
  spec.scalers[0].messages_per_worker = 50;
  Scenario s(spec);
  s.cluster.queue("orders").publish(10'000, milliseconds(100));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 20; }, minutes(2)));
  CHECK(s.world.elapsed() < seconds(10));
}

TEST_CASE("without messagesPerWorker one worker is added at a time, each given time to settle") {
  Scenario s(one_scaler());
  s.cluster.queue("orders").publish(100, seconds(2));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, minutes(10)));
  REQUIRE(s.world.run_until([&] { return s.cluster.unfinished("orders") == 0; }, minutes(1)));
  s.world.run_for(seconds(30));
  require_golden("one_at_a_time", s.log());
}

TEST_CASE("a ramp with messagesPerWorker reads like this") {
  EngineSpec spec = one_scaler();
  spec.scalers[0].messages_above = 100;
  spec.scalers[0].oldest_above = minutes(5);
  spec.scalers[0].messages_per_worker = 60;
  Scenario s(spec);
  s.cluster.queue("orders").shows_age = true;
  s.cluster.queue("orders").shows_in_flight = true;
  s.cluster.nodes("default") = {2, seconds(20), 2, 10};
  s.cluster.queue("orders").publish(240, milliseconds(500));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, minutes(10)));
  REQUIRE(s.world.run_until([&] { return s.cluster.unfinished("orders") == 0; }, minutes(1)));
  s.world.run_for(seconds(10));
  require_golden("ramp_with_new_nodes", s.log());
}

TEST_CASE("20 messages of an hour each get 20 workers when a worker takes one message") {
  Scenario s(one_scaler());
  s.cluster.queue("orders").publish(20, hours(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 20; }, minutes(10)));
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, minutes(70)));
  CHECK(s.cluster.created("orders") == 20);
}

TEST_CASE(
    "20 messages of an hour each get 2 workers when a worker takes ten: no more could be fed") {
  const bool in_flight_known = GENERATE(false, true);
  Scenario s(one_scaler());
  s.cluster.image("orders").prefetch = 10;
  s.cluster.queue("orders").shows_in_flight = in_flight_known;
  s.cluster.queue("orders").publish(20, hours(1));
  s.start();
  s.world.run_for(minutes(30));
  CHECK(s.cluster.ready("orders") == 2);
  CHECK(s.cluster.created("orders") == 2);
  CHECK(s.decision("orders").reason == Reason::below_threshold);
}

TEST_CASE(
    "a few old messages below the message threshold are met by the age trigger, one at a time") {
  EngineSpec spec = one_scaler();
  spec.scalers[0].messages_above = 100;
  spec.scalers[0].oldest_above = minutes(5);
  spec.scalers[0].messages_per_worker = 2;
  spec.node_groups[0].window = 10;
  Scenario s(spec);
  s.cluster.queue("orders").shows_age = true;
  s.cluster.queue("orders").publish(10, seconds(60));
  s.start();
  s.world.run_for(minutes(5));
  CHECK(s.cluster.created("orders") == 0);
  CHECK(s.decision("orders").reason == Reason::below_threshold);
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 1; }, seconds(20)));
  s.world.run_for(seconds(9));
  CHECK(s.cluster.created("orders") == 1);
  CHECK(s.decision("orders").reason == Reason::settling);
  s.world.run_for(seconds(3));
  CHECK(s.cluster.created("orders") == 2);
}

TEST_CASE("min workers are kept without a reading, and through the windows") {
  EngineSpec spec = one_scaler();
  spec.scalers[0].min_workers = 3;
  Scenario s(spec);
  s.cluster.image("orders").idle_exit = hours(10);
  s.cluster.queue("orders").down = Error{ErrorKind::unavailable, "rabbitmq rabbit: refused"};
  s.start();
  s.world.run_for(minutes(1));
  CHECK(s.cluster.ready("orders") == 3);
  CHECK(s.decision("orders").reason == Reason::source_unavailable);
  CHECK(s.decision("orders").text == "rabbitmq rabbit: refused; holding at 3 workers");
}

TEST_CASE("observing decides everything, says so once per poll, and creates nothing") {
  EngineSpec spec = one_scaler();
  spec.scalers[0].mode = ScalerSpec::Mode::observe;
  spec.scalers[0].messages_per_worker = 10;
  Scenario s(spec);
  s.cluster.queue("orders").publish(100, seconds(1));
  s.start();
  s.world.run_for(minutes(1));
  CHECK(s.cluster.created("orders") == 0);
  CHECK(s.starts("orders") >= 11);
  CHECK(s.starts("orders") <= 13);
  CHECK(s.said("messages_above: 100 waiting (> 0) -> would start orders-1 (1 of 20)"));
}

TEST_CASE("a paused scaler neither reads nor starts") {
  EngineSpec spec = one_scaler();
  spec.scalers[0].paused = true;
  spec.scalers[0].min_workers = 2;
  Scenario s(spec);
  s.cluster.queue("orders").publish(100, seconds(1));
  s.start();
  s.world.run_for(minutes(5));
  CHECK(s.cluster.created("orders") == 0);
  CHECK(s.decision("orders").reason == Reason::paused);
  CHECK_FALSE(s.decision("orders").reading.has_value());
}

TEST_CASE("waves of messages are met again and again, with numbers that go on") {
  EngineSpec spec = one_scaler();
  spec.scalers[0].messages_per_worker = 10;
  Scenario s(spec);
  s.start();
  for (int wave = 1; wave <= 5; ++wave) {
    s.cluster.queue("orders").publish(30, seconds(1));
    REQUIRE(s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, minutes(5)));
    REQUIRE(s.world.run_until([&] { return s.cluster.unfinished("orders") == 0; }, minutes(1)));
    s.world.run_for(minutes(20));  // finished Jobs are gone by then
    CHECK(s.cluster.list().empty());
    CHECK(s.cluster.marks.at("orders") == s.cluster.created("orders"));
  }
}
