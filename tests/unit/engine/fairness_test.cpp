#include "engine/fairness.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

TEST_CASE("whoever was served least recently goes first") {
  CHECK(goes_before({1, at(1), 0, 0}, {0, at(2), 1'000'000, 0}));
  CHECK_FALSE(goes_before({0, at(2), 1'000'000, 0}, {1, at(1), 0, 0}));
  CHECK(goes_before({1, TimePoint::min(), 0, 0}, {0, at(0), 0, 0}));
}

TEST_CASE("ties are broken by how far over the threshold a queue is, then by the configuration") {
  CHECK(goes_before({1, at(1), 20, 0}, {0, at(1), 1000, 100}));
  CHECK(goes_before({1, at(1), 2000, 99}, {0, at(1), 10, 0}));
  CHECK(goes_before({0, at(1), 10, 0}, {1, at(1), 10, 0}));
  CHECK_FALSE(goes_before({1, at(1), 10, 0}, {0, at(1), 10, 0}));
  CHECK_FALSE(goes_before({1, at(1), 10, 0}, {1, at(1), 10, 0}));
}
