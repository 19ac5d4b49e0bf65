#pragma once

#include <optional>

#include "jobscaler/clock.h"

namespace jobscaler::engine {

/// When a queue is read: at every interval, and when somebody needs to know. One request at a time,
/// unless one has been unanswered for kGiveUp intervals.
class Poller {
 public:
  static constexpr int kGiveUp = 3;

  Poller(Duration interval, TimePoint first) : interval_(interval), regular_(first) {}

  /// Polls at another interval from now on.
  void set_interval(Duration interval, TimePoint now);

  /// A reading taken at `at` or later is needed. Of several needs the first is met; whoever still
  /// needs a later one says so again when it has come.
  void need(TimePoint at);
  /// When the queue is to be read next.
  TimePoint next() const;
  /// It is being read.
  void asked(TimePoint now);
  /// A reading taken at `taken_at`, or an error (nothing), has come.
  void answered(std::optional<TimePoint> taken_at);

 private:
  Duration interval_;
  TimePoint regular_;  // of the next regular poll
  std::optional<TimePoint> needed_;
  std::optional<TimePoint> asked_;  // of the request that has no answer yet
};

}  // namespace jobscaler::engine
