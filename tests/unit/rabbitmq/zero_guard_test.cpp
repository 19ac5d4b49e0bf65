#include "rabbitmq/zero_guard.h"

#include <catch2/catch.hpp>

namespace jobscaler::rabbitmq {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TimePoint kStart{std::chrono::hours(1)};

TimePoint at(int second) {
  return kStart + seconds(second);
}

}  // namespace

TEST_CASE("a first zero is believed") {
  ZeroGuard guard(seconds(4));
  guard.take(0, 0, at(0));
  CHECK_FALSE(guard.unconfirmed());
}

TEST_CASE("a zero after a non-zero is believed when it is the third in a row") {
  ZeroGuard guard(seconds(4));
  guard.take(7, 0, at(0));
  CHECK_FALSE(guard.unconfirmed());
  guard.take(0, 0, at(5));
  CHECK(guard.unconfirmed());
  guard.take(0, 0, at(10));
  CHECK(guard.unconfirmed());
  guard.take(0, 0, at(15));
  CHECK_FALSE(guard.unconfirmed());
}

TEST_CASE("zeros that come faster than the spacing count once") {
  ZeroGuard guard(seconds(4));
  guard.take(7, 0, at(0));
  for (int i = 0; i < 100; ++i) guard.take(0, 0, at(5) + milliseconds(i));
  CHECK(guard.unconfirmed());
  CHECK(guard.deserted_after() == std::nullopt);
}

TEST_CASE("a non-zero in between starts the row again") {
  ZeroGuard guard(seconds(4));
  guard.take(7, 0, at(0));
  guard.take(0, 0, at(5));
  guard.take(0, 0, at(10));
  guard.take(1, 0, at(15));
  CHECK_FALSE(guard.unconfirmed());
  guard.take(0, 0, at(20));
  CHECK(guard.unconfirmed());
}

TEST_CASE("a failed reading breaks the row, but not what had been confirmed before it") {
  ZeroGuard guard(seconds(4));
  guard.take(7, 0, at(0));
  guard.take(0, 0, at(5));
  guard.take(0, 0, at(10));
  guard.interrupted();
  guard.take(0, 0, at(15));
  CHECK(guard.unconfirmed());
  guard.take(0, 0, at(20));
  guard.take(0, 0, at(25));
  CHECK_FALSE(guard.unconfirmed());
  guard.interrupted();
  guard.take(0, 0, at(30));
  CHECK_FALSE(guard.unconfirmed());
}

TEST_CASE("of the last three deserted samples only the earliest may be relied on") {
  ZeroGuard guard(seconds(4));
  guard.take(0, 0, at(0));
  guard.take(0, 0, at(5));
  CHECK(guard.deserted_after() == std::nullopt);
  guard.take(0, 0, at(10));
  CHECK(guard.deserted_after() == at(0));
  guard.take(0, 0, at(15));
  CHECK(guard.deserted_after() == at(5));
  guard.take(0, 2, at(20));
  CHECK(guard.deserted_after() == std::nullopt);
}

}  // namespace jobscaler::rabbitmq
