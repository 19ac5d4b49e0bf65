#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "jobscaler/clock.h"

namespace jobscaler::rabbitmq {

/// Statistics of the management API are up to this much older than the answer that has them: each
/// kind is collected every 5 s, with a phase of its own. That is all for counters, which are kept
/// as things happen; sizes are first told by the queue, every collect_statistics_interval.
inline constexpr Duration kCollectionLag = std::chrono::seconds(6);

/// Age method `arrivals`: when the head of the queue arrived, read off the sampled count of
/// messages ever published to the queue.
///
/// With P published and n waiting, first in first out, the head is at most message number P - n + 1
/// from the start. If some sample had counted fewer than that, the head was published after that
/// sample's statistics were made. Counts that lag make P too small, the head's number too small and
/// the age too large: it errs on the safe side, by up to about the lag plus one poll interval.
///
/// Messages that arrive without being counted (dead-lettered from elsewhere) err on that side too.
/// A message that comes back to the queue breaks the order: requeued() must be called when one may
/// have, and ages are unknown until all that waited then has left. Not for priority queues, nor for
/// queues that refuse publishes when full (the refused ones are counted).
class ArrivalCurve {
 public:
  explicit ArrivalCurve(Duration lag = kCollectionLag) : lag_(lag) {}

  /// A sample of the publish counter. Absent (a restarted broker has no statistics of a queue until
  /// somebody publishes) or smaller than before: the curve starts again.
  void take_published(std::optional<std::int64_t> published, TimePoint asked, TimePoint answered);

  /// How many messages wait, read directly from the queue.
  void take_waiting(std::int64_t waiting, TimePoint answered);

  /// A message may have been put back before `when`.
  void requeued(TimePoint when);

  /// The queue was not seen until `when`; the broker may have restarted and its counters with it.
  void interrupted(TimePoint when);

  /// All messages that wait now, `waiting` of them, arrived after this. Absent: not known.
  std::optional<TimePoint> head_after(std::int64_t waiting) const;

  /// At least this old was the head at a moment since `earliest`: more messages waited than had
  /// been published since the curve's start, so one of them is older than the curve. Whatever the
  /// order of consumption and requeues; but every arrival must be counted. Absent: nothing of the
  /// kind known.
  std::optional<Duration> at_least(TimePoint earliest) const;

  std::size_t points_kept() const { return points_.size(); }

 private:
  struct Point {
    std::int64_t published;
    TimePoint after;  // messages beyond `published` were published after this
  };
  struct Start {
    std::int64_t published;
    TimePoint before;  // messages up to `published` were published before this
  };
  struct Waiting {
    std::int64_t count;
    TimePoint when;
  };
  void keep(Point point);
  void settle(TimePoint counted_until);

  Duration lag_;
  std::vector<Point> points_;  // published strictly rising
  std::optional<Start> start_;
  std::optional<std::int64_t> published_;
  std::optional<TimePoint> blind_until_;  // statistics made before this may not be used as points
  std::deque<Waiting> unsettled_;         // the counter does not yet cover these
  std::optional<Waiting> settled_;        // the latest that it covers
};

}  // namespace jobscaler::rabbitmq
