#include "rabbitmq/arrival_curve.h"

#include <catch2/catch.hpp>

namespace jobscaler::rabbitmq {
namespace {

using std::chrono::seconds;

constexpr Duration kLag = seconds(6);

TimePoint at(int second) {
  return TimePoint(std::chrono::hours(1)) + seconds(second);
}

/// A curve of samples ten seconds apart, from second 0 on.
ArrivalCurve curve_of(std::initializer_list<std::int64_t> published) {
  ArrivalCurve curve(kLag);
  curve.requeued(at(-10));
  int second = 0;
  for (const auto count : published) {
    curve.take_published(count, at(second), at(second));
    second += 10;
  }
  return curve;
}

}  // namespace

TEST_CASE("the head arrived after the last sample that had counted less") {
  const auto curve = curve_of({100, 120, 150, 150, 180});
  CHECK(curve.head_after(10) == at(30) - kLag);  // number 171
  CHECK(curve.head_after(30) == at(30) - kLag);  // number 151
  CHECK(curve.head_after(31) == at(10) - kLag);  // number 150
  CHECK(curve.head_after(60) == at(10) - kLag);  // number 121
  CHECK(curve.head_after(80) == at(0) - kLag);   // number 101
}

TEST_CASE("a head older than the curve has no upper bound") {
  CHECK(curve_of({100, 120, 150}).head_after(51) == std::nullopt);
}

TEST_CASE("a head that was there before the curve is at least as old as it") {
  auto curve = curve_of({100, 120});
  CHECK(curve.at_least(at(0)) == std::nullopt);
  curve.take_waiting(40, at(11));                // 20 published since the start, 40 wait
  CHECK(curve.at_least(at(0)) == std::nullopt);  // more may have been published by then
  curve.take_published(125, at(20), at(20));
  CHECK(curve.at_least(at(0)) == seconds(11));
  CHECK(curve.at_least(at(12)) == std::nullopt);  // that was long ago
  curve.take_waiting(25, at(21));
  curve.take_published(125, at(30), at(30));
  CHECK(curve.at_least(at(0)) == std::nullopt);
}

TEST_CASE("a counter that is gone or starts again starts the curve again") {
  const std::optional<std::int64_t> count = GENERATE(std::optional<std::int64_t>{}, 3);
  auto curve = curve_of({100, 120, 150});
  curve.take_published(count, at(30), at(30));
  CHECK(curve.head_after(1) == std::nullopt);
  curve.take_published(10, at(50), at(50));
  curve.take_published(12, at(60), at(60));
  CHECK(curve.head_after(2) == at(50) - kLag);
  CHECK(curve.head_after(3) == std::nullopt);
}

TEST_CASE("after a requeue, only statistics made later count") {
  auto curve = curve_of({100, 120, 150});
  curve.requeued(at(25));
  CHECK(curve.head_after(1) == std::nullopt);
  curve.take_published(150, at(30), at(30));  // may have been made at second 24
  curve.take_published(160, at(40), at(40));
  curve.take_published(170, at(50), at(50));
  CHECK(curve.head_after(10) == at(40) - kLag);
  CHECK(curve.head_after(11) == std::nullopt);
}

TEST_CASE("an interruption also forgets what the counters said, and answers asked for before it") {
  auto curve = curve_of({100, 120});
  curve.take_waiting(40, at(11));
  curve.interrupted(at(15));
  curve.take_published(130, at(14), at(16));
  curve.take_published(131, at(30), at(30));
  CHECK(curve.at_least(at(0)) == std::nullopt);
  CHECK(curve.head_after(1) == std::nullopt);
}

TEST_CASE("a million samples are kept in little memory") {
  ArrivalCurve curve(kLag);
  curve.requeued(at(-10));
  for (int i = 0; i < 1'000'000; ++i) {
    curve.take_published(i, at(i), at(i));
    curve.take_waiting(i, at(i));
  }
  CHECK(curve.points_kept() <= 2048);
  const auto head = curve.head_after(500'000);
  REQUIRE(head.has_value());
  CHECK(*head <= at(499'999));
}

}  // namespace jobscaler::rabbitmq
