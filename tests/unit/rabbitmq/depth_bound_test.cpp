#include "rabbitmq/depth_bound.h"

#include <catch2/catch.hpp>

namespace jobscaler::rabbitmq {
namespace {

using std::chrono::seconds;

TimePoint at(int second) {
  return TimePoint(std::chrono::hours(1)) + seconds(second);
}

/// Samples one second apart.
DepthBound after(std::initializer_list<int> depths) {
  DepthBound bound;
  int second = 0;
  for (const int depth : depths) bound.take(at(second++), depth, false);
  return bound;
}

}  // namespace

TEST_CASE("nothing is known of a queue that only grows") {
  CHECK(after({1, 2, 5, 9}).since() == std::nullopt);
}

TEST_CASE("nothing is known while fewer have left than waited") {
  CHECK(after({10, 8, 9, 3}).since() == std::nullopt);  // 2 + 6 of 10
}

TEST_CASE("once as many have left as waited, what waits came later") {
  CHECK(after({10, 8, 9, 1}).since() == at(1));        // 8 of 8; of the 9 at second 2, 8
  CHECK(after({10, 8, 9, 1, 1, 0}).since() == at(5));  // all
  CHECK(after({10, 12, 2, 7, 5}).since() == at(2));    // 12 of 12, and 2 of 2
}

TEST_CASE("an empty queue starts anew at once") {
  CHECK(after({10, 0}).since() == at(1));
  CHECK(after({10, 0, 4, 8}).since() == at(1));
}

TEST_CASE("the latest sample that qualifies is the one") {
  CHECK(after({4, 4, 4, 0 + 4, 0}).since() == at(4));
  CHECK(after({3, 3, 3, 6, 3}).since() == at(2));
}

TEST_CASE("when a message may have come back, only what was seen afterwards counts") {
  DepthBound bound = after({5, 0, 3});
  bound.requeued();
  CHECK(bound.since() == std::nullopt);
  bound.take(at(3), 4, false);
  bound.take(at(4), 1, false);
  CHECK(bound.since() == std::nullopt);
  bound.take(at(5), 0, false);
  CHECK(bound.since() == at(5));
}

TEST_CASE("a queue that nobody holds messages of is forgotten only for being empty again") {
  DepthBound bound;
  bound.take(at(0), 0, true);
  bound.take(at(1), 5, false);
  bound.requeued();
  CHECK(bound.since() == at(0));
  CHECK(bound.empty_since() == at(0));
}

TEST_CASE("a million samples are kept in little memory, and only make the bound coarser") {
  DepthBound bound;
  for (int i = 0; i < 1'000'000; ++i) bound.take(at(i), i, false);
  CHECK(bound.samples_kept() <= 2048);
  bound.take(at(1'000'000), 0, false);
  CHECK(bound.since() == at(1'000'000));
}

}  // namespace jobscaler::rabbitmq
