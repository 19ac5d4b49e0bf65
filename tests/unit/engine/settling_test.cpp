#include "engine/settling.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

namespace {

Demand wanted(Reason reason) {
  return {reason, true, "", TimePoint::max()};
}

QueueView read_at(double s) {
  return {reading(1000, at(s)), std::nullopt};
}

Effects ready_at(double s) {
  return {at(s), "orders-1", "", std::nullopt};
}

ScalerSpec valued() {
  ScalerSpec spec = orders();
  spec.messages_per_worker = 10;
  return spec;
}

}  // namespace

TEST_CASE("one at a time when nobody knows what a worker is worth, and always for the age") {
  CHECK(one_at_a_time(orders(), Reason::messages_above));
  CHECK_FALSE(one_at_a_time(valued(), Reason::messages_above));
  CHECK(one_at_a_time(valued(), Reason::oldest_above));
  CHECK_FALSE(one_at_a_time(orders(), Reason::below_min));
}

TEST_CASE("nothing to wait for when no worker has become ready") {
  CHECK_FALSE(settling(orders(), wanted(Reason::messages_above), read_at(0), {}, at(1)));
}

TEST_CASE("a decision needs a reading younger than the last worker's readiness") {
  const auto wait =
      settling(valued(), wanted(Reason::messages_above), read_at(4), ready_at(5), at(5));
  REQUIRE(wait);
  CHECK(wait->text == "waiting for a reading taken after orders-1 became ready");
  CHECK(wait->read_at == at(5));
  CHECK(wait->until == TimePoint::max());  // the reading's arrival is an event
  CHECK_FALSE(settling(valued(), wanted(Reason::messages_above), read_at(5), ready_at(5), at(5)));
}

TEST_CASE("one at a time, the reading must be younger than the settle time's end") {
  const auto wait =
      settling(orders(), wanted(Reason::messages_above), read_at(10), ready_at(5), at(11));
  REQUIRE(wait);
  CHECK(wait->text == "orders-1 has been ready for 6s; its effect is awaited for another 4s");
  CHECK(wait->until == at(15));
  CHECK(wait->read_at == at(15));
  CHECK(settling(orders(), wanted(Reason::messages_above), read_at(14), ready_at(5), at(16)));
  CHECK_FALSE(settling(orders(), wanted(Reason::messages_above), read_at(15), ready_at(5), at(16)));
}

TEST_CASE("one at a time, a worker of its own that is still coming is waited for") {
  Effects effects;
  effects.unready_words = "orders-2 pending 8s";
  const auto wait = settling(orders(), wanted(Reason::messages_above), read_at(0), effects, at(1));
  REQUIRE(wait);
  CHECK(wait->text == "one at a time: orders-2 pending 8s");
  CHECK_FALSE(settling(valued(), wanted(Reason::messages_above), read_at(0), effects, at(1)));
}

TEST_CASE("workers wanted by min do not wait") {
  CHECK_FALSE(settling(orders(), wanted(Reason::below_min), {}, ready_at(5), at(5)));
}

TEST_CASE("an observed start is reported once per poll, or per settle time") {
  ScalerSpec spec = valued();
  spec.mode = ScalerSpec::Mode::observe;
  Effects effects;
  effects.would_start = at(0);
  const auto wait = settling(spec, wanted(Reason::messages_above), read_at(1), effects, at(2));
  REQUIRE(wait);
  CHECK(wait->text == "would have started a worker 2s ago; observing only");
  CHECK(wait->until == at(5));
  CHECK_FALSE(settling(spec, wanted(Reason::messages_above), read_at(1), effects, at(5)));
  spec.messages_per_worker.reset();
  CHECK(settling(spec, wanted(Reason::messages_above), read_at(1), effects, at(9)));
  CHECK_FALSE(settling(spec, wanted(Reason::messages_above), read_at(1), effects, at(10)));
}
