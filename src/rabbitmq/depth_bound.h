#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "jobscaler/clock.h"

namespace jobscaler::rabbitmq {

/// Age method `bound`: how long ago, at most, the messages now waiting arrived, from nothing but
/// samples of how many were waiting.
///
/// Take a sample at T with d messages waiting. Messages leave the queue in order, so once at least
/// d have left since, all that were there at T are gone, and what waits now arrived after T. How
/// many left is at least the sum of the decreases seen between samples. The bound is the latest
/// such T.
///
/// Decreases and increases are kept as running sums: T qualifies when d + (decreases up to T),
/// which is the increases up to T and never falls from one sample to the next, is at most the
/// decreases up to now. So the qualifying samples are a prefix, and a queue of the others is all
/// there is to keep.
///
/// Holds for consumers, expiry, purges and length limits (all take from the head), whatever was
/// missed between samples. It does not survive a message that comes back to the queue: requeued()
/// must be called when one may have. It does not hold for priority queues: use only empty_since().
///
/// Times are when a sample was asked for, so the bound errs towards too old.
class DepthBound {
 public:
  /// `nobody_has_any`: no message was taken and not yet settled, so none can come back.
  void take(TimePoint asked, std::int64_t waiting, bool nobody_has_any);

  /// Since the sample before the next one, a message may have been put back.
  void requeued();

  /// Everything that waits now arrived after this. Absent: not known.
  std::optional<TimePoint> since() const;

  /// The same from empty queues alone: holds with requeues, priorities and any order of
  /// consumption.
  std::optional<TimePoint> empty_since() const { return empty_; }

  std::size_t samples_kept() const { return open_.size(); }

 private:
  struct Sample {
    TimePoint asked;
    std::int64_t increases;  // up to this sample, its waiting messages included
  };
  void keep(Sample sample);

  std::deque<Sample> open_;  // not qualifying yet; increases strictly rising
  std::int64_t increases_ = 0;
  std::int64_t decreases_ = 0;
  std::optional<std::int64_t> last_;  // waiting messages of the last sample since requeued()
  std::optional<TimePoint> turned_over_;
  std::optional<TimePoint> empty_;
};

}  // namespace jobscaler::rabbitmq
