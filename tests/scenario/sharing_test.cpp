// Several scalers on one node group, several node groups for one scaler.

#include <catch2/catch.hpp>

#include "scenario.h"

using namespace jobscaler;
using namespace jobscaler::scenario;

TEST_CASE("a broken and a healthy scaler in one group: the healthy one is served") {
  const auto kind = GENERATE(Image::Kind::cannot_pull, Image::Kind::crashes,
                             Image::Kind::never_ready, Image::Kind::no_pod);
  EngineSpec spec{{group_named("default")}, {scaler_named("broken"), scaler_named("healthy")}};
  for (ScalerSpec& scaler : spec.scalers) scaler.messages_per_worker = 1;
  spec.scalers[0].ready_timeout = minutes(1);
  Scenario s(spec);
  s.cluster.image("broken") = {.kind = kind};
  s.cluster.queue("broken").publish(100'000, seconds(1));
  s.cluster.queue("healthy").publish(200, seconds(5));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("healthy") == 20; }, minutes(6)));
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("healthy").drained(); }, minutes(6)));
  CHECK(s.cluster.created("broken") > 1);
}

TEST_CASE("a broken and a healthy scaler in one group read like this") {
  EngineSpec spec{{group_named("default")},
                  {scaler_named("broken", 3), scaler_named("healthy", 3)}};
  for (ScalerSpec& scaler : spec.scalers) scaler.messages_per_worker = 10;
  Scenario s(spec);
  s.cluster.image("broken") = {.kind = Image::Kind::cannot_pull};
  s.cluster.queue("broken").publish(100, seconds(1));
  s.cluster.queue("healthy").publish(100, seconds(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("healthy").drained(); }, minutes(5)));
  require_golden("broken_and_healthy", s.log());
}

TEST_CASE("a huge queue does not starve a small one") {
  EngineSpec spec{{group_named("default")}, {scaler_named("huge", 100), scaler_named("small", 3)}};
  for (ScalerSpec& scaler : spec.scalers) scaler.messages_per_worker = 1;
  Scenario s(spec);
  s.cluster.queue("huge").publish(1'000'000, minutes(1));
  s.start();
  s.world.run_for(seconds(20));
  s.cluster.queue("small").publish(3, minutes(1));
  // In turns from its next poll on: at most one worker of the other's between two of its own.
  s.world.run_for(seconds(5 + 2 * 3 * 2));
  CHECK(s.cluster.created("small") == 3);
}

TEST_CASE("a scaler with two groups fills both windows, the least loaded first") {
  EngineSpec spec{{group_named("default", 1), group_named("spot", 3)}, {scaler_named("orders")}};
  spec.scalers[0].node_groups = {"default", "spot"};
  spec.scalers[0].messages_per_worker = 1;
  Scenario s(spec);
  s.cluster.image("orders").startup = seconds(30);
  s.cluster.queue("orders").publish(1000, minutes(1));
  s.start();
  s.world.run_for(seconds(10));
  CHECK(s.cluster.created("orders") == 4);
  CHECK(s.cluster.facts("orders-1").node_group == "default");
  CHECK(s.cluster.facts("orders-2").node_group == "spot");
  CHECK(s.cluster.facts("orders-3").node_group == "spot");
  CHECK(s.cluster.facts("orders-4").node_group == "spot");
  CHECK(s.decision("orders").reason == Reason::waiting_for_ready);
  CHECK(s.decision("orders").text.find("default: orders-1 starting 10s") == 0);
  CHECK(s.decision("orders").text.find("; spot: orders-2 starting 10s") != std::string::npos);
}

TEST_CASE("a group without room sends its scaler to the other group") {
  EngineSpec spec{{group_named("default"), group_named("spot")}, {scaler_named("orders")}};
  spec.node_groups[0].node_timeout = minutes(2);
  spec.scalers[0].node_groups = {"default", "spot"};
  spec.scalers[0].messages_per_worker = 1;
  Scenario s(spec);
  s.cluster.nodes("default") = {0, seconds(60), 0, 0};
  s.cluster.queue("orders").publish(1000, minutes(10));
  s.start();
  s.world.run_for(minutes(5));
  CHECK(s.cluster.ready("orders") == 19);  // orders-1 waits for a place and counts against max
  CHECK(s.decision("orders").reason == Reason::at_max);
}

TEST_CASE("maxWorkers of a group holds for all its scalers together") {
  EngineSpec spec{{group_named("default", 5)}, {scaler_named("orders"), scaler_named("bills")}};
  spec.node_groups[0].max_workers = 7;
  for (ScalerSpec& scaler : spec.scalers) scaler.messages_per_worker = 1;
  Scenario s(spec);
  s.cluster.queue("orders").publish(100, minutes(10));
  s.cluster.queue("bills").publish(100, minutes(10));
  s.start();
  s.world.run_for(minutes(2));
  CHECK(s.cluster.unfinished("orders") + s.cluster.unfinished("bills") == 7);
  CHECK(s.decision("bills").reason == Reason::at_max);
  CHECK(s.decision("bills").text.find("node group default has 7 of 7 workers; 9") == 0);
}

TEST_CASE("workers of a scaler that is not configured any more still take up room") {
  EngineSpec both{{group_named("default")}, {scaler_named("old"), scaler_named("orders")}};
  both.node_groups[0].max_workers = 5;
  for (ScalerSpec& scaler : both.scalers) scaler.messages_per_worker = 1;
  EngineSpec one = both;
  one.scalers.erase(one.scalers.begin());
  Scenario s(both);
  s.cluster.queue("old").publish(3, hours(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("old") == 3; }, minutes(1)));
  s.daemon().kill();
  s.cluster.queue("orders").publish(100, hours(1));
  s.add_daemon(one).start();
  s.world.run_for(minutes(2));
  CHECK(s.cluster.unfinished("old") == 3);
  CHECK(s.cluster.unfinished("orders") == 2);
  CHECK(s.decision("orders").reason == Reason::at_max);
}
