#include <catch2/catch.hpp>

#include "kube/times.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace std::chrono_literals;

TEST_CASE("the API server's times are read, with and without a fraction") {
  CHECK(parse_rfc3339("1970-01-01T00:00:00Z") == ServerTime{});
  CHECK(parse_rfc3339("2024-02-29T12:34:56Z") == ServerTime(1709210096s));
  CHECK(parse_rfc3339("2024-02-29T12:34:56.123456Z") == ServerTime(1709210096s + 123456us));
}

TEST_CASE("a time is written with six digits after the point") {
  CHECK(format_micro_time(ServerTime(1709210096s)) == "2024-02-29T12:34:56.000000Z");
  CHECK(format_micro_time(ServerTime(1709210096s + 123456789ns)) == "2024-02-29T12:34:56.123456Z");
}

TEST_CASE("what is not a time is not made one") {
  for (const auto* text :
       {"", "null", "2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T25:00:00Z",
        "2024-01-01 00:00:00Z", "2024-01-01T00:00:00", "2024-01-01T00:00:00.Z",
        "2024-01-01T00:00:00.xZ", "2024-01-01T00:00:0 Z"}) {
    INFO(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("the Date header is read") {
  CHECK(parse_http_date("Thu, 29 Feb 2024 12:34:56 GMT") == ServerTime(1709210096s));
  CHECK_FALSE(parse_http_date("29 Feb 2024"));
  CHECK_FALSE(parse_http_date("Thu, 29 Fab 2024 12:34:56 GMT"));
  CHECK_FALSE(parse_http_date(""));
}

TEST_CASE("the server's clock is found to well under a second from whole seconds") {
  constexpr auto kAhead = 1000s + 300ms;  // what is to be found
  ServerClock clock;
  CHECK_FALSE(clock.ahead());
  for (auto sent = TimePoint(5s); sent < TimePoint(15s); sent += 170ms) {
    const auto stamped = sent + 3ms + kAhead;
    const auto whole = std::chrono::floor<std::chrono::seconds>(stamped.time_since_epoch());
    clock.observe(sent, sent + 6ms, ServerTime(whole));
  }
  REQUIRE(clock.ahead());
  CHECK(std::chrono::abs(*clock.ahead() - Duration(kAhead)) < 100ms);
}

TEST_CASE("one answer is enough for the server's clock to be known to the second") {
  ServerClock clock;
  clock.observe(TimePoint(10s), TimePoint(10s + 20ms), ServerTime(500s));
  CHECK(std::chrono::abs(*clock.ahead() - Duration(490s + 500ms)) <= 10ms);
}

TEST_CASE("a server whose clock was set is believed") {
  ServerClock clock;
  clock.observe(TimePoint(10s), TimePoint(10s), ServerTime(500s));
  clock.observe(TimePoint(20s), TimePoint(20s), ServerTime(400s));
  CHECK(clock.ahead() == Duration(380s + 500ms));
}
