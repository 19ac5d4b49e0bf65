#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "jobscaler/clock.h"

namespace jobscaler::kube {

/// A time on the API server's clock: since 1970, in a TimePoint. Objects' times stay on that clock
/// until they leave this part, when ServerClock::ahead() is subtracted.
using ServerTime = TimePoint;

/// "2024-01-31T12:00:00Z", with or without a fraction.
std::optional<ServerTime> parse_rfc3339(std::string_view text);

/// "2024-01-31T12:00:00.000000Z": a MicroTime has six digits after the point, no more and no less.
std::string format_micro_time(ServerTime time);

/// The HTTP header Date: "Wed, 31 Jan 2024 12:00:00 GMT".
std::optional<ServerTime> parse_http_date(std::string_view text);

/// How far the API server's clock is ahead of CLOCK_BOOTTIME, from the Date headers of its answers.
/// Our own wall clock is never looked at.
///
/// The header is cut to whole seconds, and was written at some moment between the request's leaving
/// and its answer's arrival; each answer therefore bounds the difference to an interval of a second
/// and a round trip. Intersecting the intervals of several answers comes to well under a second. An
/// empty intersection means that a clock was set or has drifted: then the newest answer starts
/// over. Thread-safe.
class ServerClock {
 public:
  void observe(TimePoint sent, TimePoint received, ServerTime date);

  /// The middle of the interval; absent until something was observed.
  std::optional<Duration> ahead() const;

 private:
  struct Interval {
    Duration from;
    Duration to;
  };
  mutable std::mutex mutex_;
  std::optional<Interval> ahead_;
};

}  // namespace jobscaler::kube
