#include "telemetry/narrator.h"

#include <catch2/catch.hpp>

using namespace jobscaler;
using namespace jobscaler::telemetry;
using namespace std::chrono_literals;

namespace {

/// Tells a narrator decisions of one scaler and says whether each became a line.
class Story {
 public:
  bool hold(Duration at, Reason reason) { return tell(at, reason, false); }
  bool start(Duration at, Reason reason) { return tell(at, reason, true); }
  void forget() { narrator_.forget("orders"); }

 private:
  bool tell(Duration at, Reason reason, bool start) {
    Decision decision;
    decision.scaler = "orders";
    decision.reason = reason;
    decision.start = start;
    decision.at = TimePoint(at);
    return narrator_.narrate(decision).level != Level::debug;
  }

  Narrator narrator_;
};

}  // namespace

TEST_CASE("that no reading has come yet is not told of a scaler that has just begun") {
  Story story;
  CHECK_FALSE(story.hold(0s, Reason::source_unavailable));
  CHECK(story.hold(5ms, Reason::below_threshold));
  CHECK(story.hold(6ms, Reason::source_unavailable));
  SECTION("unless none comes") {
    Story other;
    CHECK_FALSE(other.hold(0s, Reason::source_unavailable));
    CHECK(other.hold(5s, Reason::source_unavailable));
  }
}

TEST_CASE("who begins anew with another queue has no reading yet, which is no news") {
  Story story;
  CHECK(story.hold(0s, Reason::below_threshold));
  story.forget();
  CHECK_FALSE(story.hold(1s, Reason::source_unavailable));
  CHECK(story.hold(1s + 5ms, Reason::below_threshold));
}

TEST_CASE("every start is a line") {
  Story story;
  CHECK(story.start(0s, Reason::messages_above));
  CHECK(story.start(1ms, Reason::messages_above));
}

TEST_CASE("a hold is a line when its reason changes, and once") {
  Story story;
  CHECK(story.hold(0s, Reason::below_threshold));
  CHECK_FALSE(story.hold(5s, Reason::below_threshold));
  CHECK(story.hold(10s, Reason::at_max));
  CHECK_FALSE(story.hold(15s, Reason::at_max));
}

TEST_CASE("a standing hold of a wanted worker is repeated once a minute") {
  Story story;
  CHECK(story.hold(0s, Reason::at_max));
  CHECK_FALSE(story.hold(59s, Reason::at_max));
  CHECK(story.hold(60s, Reason::at_max));
  CHECK_FALSE(story.hold(119s, Reason::at_max));
  CHECK(story.hold(120s, Reason::at_max));
}

TEST_CASE("a resting scaler is silent but for a heartbeat every ten minutes") {
  Reason reason = GENERATE(Reason::paused, Reason::not_leader, Reason::below_threshold);
  Story story;
  CHECK(story.hold(0s, reason));
  CHECK_FALSE(story.hold(9min, reason));
  CHECK(story.hold(10min, reason));
}

TEST_CASE("holds that every ramp goes through are lines only once they have stood for 5 s") {
  Reason reason = GENERATE(Reason::create_unanswered, Reason::waiting_for_ready, Reason::settling,
                           Reason::enough_workers);
  Story story;
  CHECK(story.start(0s, Reason::messages_above));
  CHECK_FALSE(story.hold(1ms, reason));
  CHECK_FALSE(story.hold(4s, reason));
  CHECK(story.hold(5s + 1ms, reason));
  CHECK_FALSE(story.hold(10s, reason));
}

TEST_CASE("the end of a trouble is told at once, whatever comes after it") {
  Story story;
  CHECK(story.hold(0s, Reason::cluster_refused));
  CHECK(story.hold(5s, Reason::waiting_for_ready));
}

TEST_CASE("patience counts from when the reason began, not from the last line") {
  Story story;
  CHECK(story.start(0s, Reason::messages_above));
  CHECK_FALSE(story.hold(1s, Reason::waiting_for_ready));
  CHECK_FALSE(story.hold(4s, Reason::settling));
  CHECK_FALSE(story.hold(8s, Reason::settling));
  CHECK(story.hold(9s, Reason::settling));
}

TEST_CASE("scalers are told apart") {
  Narrator narrator;
  Decision decision;
  decision.reason = Reason::at_max;
  decision.scaler = "orders";
  CHECK(narrator.narrate(decision).level == Level::info);
  decision.scaler = "clicks";
  CHECK(narrator.narrate(decision).level == Level::info);
}

TEST_CASE("troubles are warnings") {
  Narrator narrator;
  Decision decision;
  decision.scaler = "orders";
  decision.reason = Reason::cluster_refused;
  CHECK(narrator.narrate(decision).level == Level::warn);
  decision.reason = Reason::at_max;
  CHECK(narrator.narrate(decision).level == Level::info);
}

TEST_CASE("a decision's line carries its numbers as fields") {
  Narrator narrator;
  Decision decision;
  decision.scaler = "orders";
  decision.reason = Reason::messages_above;
  decision.start = true;
  decision.worker = "orders-41";
  decision.max_workers = 20;
  decision.workers.ready = 2;
  decision.workers.requested = 1;
  decision.reading = Reading{};
  decision.reading->waiting = 240;
  decision.reading->in_flight = 7;
  decision.reading->oldest = OldestAge{12500ms, AgeMethod::bound, OldestAge::Kind::upper_bound};
  CHECK(format_json(narrator.narrate(decision), WallClock::time_point{}) ==
        R"({"time":"1970-01-01T00:00:00.000Z","level":"INFO","subject":"orders",)"
        R"("reason":"messages_above","text":"","start":true,"worker":"orders-41",)"
        R"("workers":{"requested":1,"pending":0,"starting":0,"ready":2,"stuck":0},"max":20,)"
        R"("waiting":240,"in_flight":7,"oldest_seconds":12.500,"oldest_method":"bound"})"
        "\n");
}
