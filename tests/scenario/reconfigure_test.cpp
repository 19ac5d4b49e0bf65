// The configuration is edited while daemons run.

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "scenario.h"

using namespace jobscaler;
using namespace jobscaler::scenario;

namespace {

EngineSpec two_scalers() {
  EngineSpec spec{{group_named("default", 2)}, {scaler_named("orders"), scaler_named("clicks")}};
  for (ScalerSpec& scaler : spec.scalers) scaler.messages_per_worker = 1;
  return spec;
}

}  // namespace

TEST_CASE("a removed scaler's workers finish what they have, and nobody replaces them") {
  Scenario s(two_scalers());
  s.cluster.queue("orders").publish(1000, seconds(5));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 20; }, minutes(10)));
  EngineSpec without = two_scalers();
  without.scalers.erase(without.scalers.begin());
  const int before = s.cluster.created("orders");
  s.reconfigure(without);
  s.world.run_for(minutes(1));
  CHECK(s.cluster.ready("orders") == 20);
  CHECK_FALSE(s.said("deleted"));
  REQUIRE(s.world.run_until([&] { return s.cluster.unfinished("orders") == 0; }, hours(1)));
  CHECK(s.cluster.created("orders") == before);
}

TEST_CASE("a scaler that is put back after a restart goes on with its numbers") {
  Scenario s(two_scalers());
  s.cluster.queue("orders").publish(5, seconds(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, minutes(10)));
  EngineSpec without = two_scalers();
  without.scalers.erase(without.scalers.begin());
  s.reconfigure(without);
  s.world.run_for(hours(1));
  s.daemon().kill();
  s.start();
  s.world.run_for(minutes(1));
  REQUIRE(s.cluster.list().empty());
  const int before = s.cluster.created("orders");
  s.reconfigure(two_scalers());
  s.cluster.queue("orders").publish(1, seconds(1));
  s.world.run_for(minutes(5));
  // The fake cluster fails the test if a number comes twice.
  CHECK(s.cluster.created("orders") > before);
}

TEST_CASE("a mended image is tried as soon as the edit is there") {
  Scenario s(two_scalers());
  s.cluster.image("orders") = {.kind = Image::Kind::cannot_pull};
  s.cluster.queue("orders").publish(100, seconds(1));
  s.start();
  s.world.run_for(minutes(20));
  REQUIRE(s.decision("orders").reason == Reason::backing_off);
  s.cluster.image("orders") = Image{};
  s.reconfigure({.spec = two_scalers(), .new_jobs = {"orders"}});
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") > 0; }, minutes(1)));
}
