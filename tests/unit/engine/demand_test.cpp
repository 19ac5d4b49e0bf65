#include "engine/demand.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

namespace {

WorkerCounts live(int ready) {
  WorkerCounts counts;
  counts.ready = ready;
  return counts;
}

Demand demand(const ScalerSpec& spec, const Reading& r, int workers = 4) {
  return demand_of(spec, live(workers), {r, std::nullopt}, "", at(0));
}

Reading aged(std::int64_t waiting, Duration age, OldestAge::Kind kind = OldestAge::Kind::exact) {
  Reading r = reading(waiting);
  r.oldest = OldestAge{
      age, kind == OldestAge::Kind::exact ? AgeMethod::timestamp : AgeMethod::bound, kind};
  return r;
}

ScalerSpec by_age() {
  ScalerSpec spec = orders();
  spec.oldest_above = minutes(5);
  return spec;
}

}  // namespace

TEST_CASE("comparisons are strict, and every trigger that was compared shows its limit") {
  CHECK(demand(orders(), reading(100)).reason == Reason::below_threshold);
  CHECK(demand(orders(), reading(100)).text == "100 waiting (not > 100)");
  CHECK(demand(orders(), reading(101)).reason == Reason::messages_above);
  CHECK(demand(orders(), aged(240, seconds(12))).text == "240 waiting (> 100), oldest 12s");

  CHECK(demand(by_age(), aged(7, minutes(5))).reason == Reason::below_threshold);
  CHECK(demand(by_age(), aged(7, minutes(5))).text ==
        "7 waiting (not > 100), oldest 5m (not > 5m)");
  const Demand old = demand(by_age(), aged(7, minutes(6)));
  CHECK(old.reason == Reason::oldest_above);
  CHECK(old.text == "7 waiting (not > 100), oldest 6m (> 5m)");
}

TEST_CASE("the age trigger needs messages that wait, and an age") {
  CHECK(demand(by_age(), aged(0, hours(1))).reason == Reason::below_threshold);
  CHECK(demand(by_age(), reading(7)).text == "7 waiting (not > 100), oldest unknown");
}

TEST_CASE("bounds are compared like ages and say what they are") {
  const Demand above = demand(by_age(), aged(7, minutes(6), OldestAge::Kind::upper_bound));
  CHECK(above.reason == Reason::oldest_above);
  CHECK(above.text == "7 waiting (not > 100), oldest <= 6m (bound, > 5m)");
  CHECK(demand(by_age(), aged(7, minutes(2), OldestAge::Kind::lower_bound)).text ==
        "7 waiting (not > 100), oldest >= 2m (bound, not > 5m)");
}

TEST_CASE("messages in flight and the source's hint are printed when known") {
  Reading r = reading(7);
  r.in_flight = 3;
  r.hint = "does your worker set prefetch?";
  CHECK(demand(orders(), r).text ==
        "7 waiting (not > 100), 3 in flight; does your worker set prefetch?");
}

TEST_CASE("a zero that is not confirmed is not called one") {
  Reading r = reading(0);
  r.zero_unconfirmed = true;
  CHECK(demand(orders(), r).reason == Reason::below_threshold);
  CHECK(demand(orders(), r).text == "0 waiting (unconfirmed) (not > 100)");
}

TEST_CASE("a quiet queue still says how the last worker failed") {
  CHECK(demand_of(orders(), live(0), {reading(0), std::nullopt}, "orders-7: exit code 1", at(0))
            .text == "0 waiting (not > 100); last worker failed: orders-7: exit code 1");
}

TEST_CASE("min needs no reading") {
  ScalerSpec spec = orders();
  spec.min_workers = 2;
  const Demand low = demand_of(spec, live(1), {}, "", at(0));
  CHECK(low.reason == Reason::below_min);
  CHECK(low.wanted);
  CHECK(low.text == "1 of at least 2 workers");
  CHECK(demand_of(spec, live(2), {}, "", at(0)).reason == Reason::source_unavailable);
  WorkerCounts stuck;
  stuck.stuck = 2;  // unfinished is what counts
  CHECK(demand_of(spec, stuck, {}, "", at(0)).reason == Reason::source_unavailable);
}

TEST_CASE("no reading, a failed one and an old one are no reading, and never a zero") {
  CHECK(demand_of(orders(), live(4), {}, "", at(0)).text == "no reading yet; holding at 4 workers");

  const QueueView failed{reading(1000, at(-1)), Error{ErrorKind::unavailable,
                                                      "kafka events: broker kafka:9092 timed out"}};
  const Demand error = demand_of(orders(), live(4), failed, "", at(0));
  CHECK(error.reason == Reason::source_unavailable);
  CHECK_FALSE(error.wanted);
  CHECK(error.text == "kafka events: broker kafka:9092 timed out; holding at 4 workers");

  const QueueView old{reading(1000, at(0)), std::nullopt};
  CHECK(demand_of(orders(), live(4), old, "", at(15)).reason == Reason::messages_above);
  const Demand stale = demand_of(orders(), live(1), old, "", at(15.5));
  CHECK(stale.reason == Reason::source_unavailable);
  CHECK(stale.text == "the last reading is 15s old; holding at 1 worker");
}

TEST_CASE("a demand says when its reading will be too old") {
  const Demand fresh = demand(orders(), reading(1000));
  CHECK(fresh.changes_at == at(15) + Duration(1));
}
