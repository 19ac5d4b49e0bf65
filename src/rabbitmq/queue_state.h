#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "config/config.h"
#include "jobscaler/reading.h"
#include "rabbitmq/arrival_curve.h"
#include "rabbitmq/depth_bound.h"
#include "rabbitmq/depth_reader.h"
#include "rabbitmq/queue_stats.h"
#include "rabbitmq/zero_guard.h"

namespace jobscaler::rabbitmq {

using WallTime = std::chrono::system_clock::time_point;

/// An answer of the management API.
struct StatsSample {
  QueueStats stats;
  TimePoint asked{};
  TimePoint answered{};
  std::optional<Duration> interval{};  ///< between two tellings of sizes; absent: not known yet
};

/// Age method `timestamp`. Absent: the stamp lies in the future, so the publisher's clock or ours
/// is wrong, or it counts milliseconds. An upper bound: stamps are whole seconds rounded down,
/// messages in work are included, and what has left since the sample only makes the head younger.
std::optional<OldestAge> timestamp_age(std::int64_t head_timestamp, WallTime now);

/// What is known about one scaler's queue, and the readings made from it. Does no I/O and reads no
/// clock. Not thread-safe.
class QueueState {
 public:
  /// `expects_stats`: samples will come, or stats_failed() be called. Until then nothing is claimed
  /// that a priority queue would make wrong.
  QueueState(AgeChoice age, Duration poll_interval, bool expects_stats);

  /// It is read at another interval from now on.
  void set_poll_interval(Duration poll_interval);

  /// A depth was read: the reading it makes, with what the management API said lately.
  Reading take(const Depth& depth, WallTime now);

  /// The management API answered.
  void take(const StatsSample& sample);

  /// The management API was asked in vain.
  void stats_failed();

  /// A reading failed or the connection was lost: whatever may have happened to the messages
  /// meanwhile was not seen.
  void interrupted(TimePoint now);

 private:
  void watch_consumers(const Depth& depth);
  void watch_depth(const Depth& depth);
  void note_requeues(TimePoint when);
  const StatsSample* fresh(TimePoint now) const;
  std::optional<OldestAge> oldest(const Depth& depth, WallTime now) const;
  std::optional<OldestAge> upper_bound(const Depth& depth, WallTime now) const;
  std::optional<std::int64_t> in_flight(const StatsSample* sample) const;
  std::string hint(const Depth& depth, WallTime now) const;
  bool wanted(AgeChoice method) const;

  /// Whether messages leave the queue in the order in which they came.
  enum class Order { unknown, by_arrival, by_priority };

  AgeChoice age_;
  Order order_;
  Duration stale_after_;
  ZeroGuard zeros_;
  DepthBound bound_;
  ArrivalCurve arrivals_;
  std::optional<StatsSample> sample_;
  std::optional<TimePoint> interrupted_;  // samples asked for before this describe another time
  std::optional<std::int64_t> consumers_;
  std::optional<std::int64_t> redelivered_;
};

}  // namespace jobscaler::rabbitmq
