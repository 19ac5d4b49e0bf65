#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ending.h"

namespace jobscaler::engine {

constexpr Duration kFailureBackoff = std::chrono::seconds(10);
constexpr Duration kStuckBackoff = std::chrono::seconds(60);
/// No longer than finished Jobs are kept at least (ttlSecondsAfterFinished), so that the backoff
/// can be computed again from the Jobs that exist.
constexpr Duration kLongestBackoff = std::chrono::minutes(10);
/// This many quick exits in a row, with a backlog that does not fall, are a failure.
constexpr int kIdleRow = 3;

/// Where on the ladder a scaler is.
struct Backoff {
  int level = 0;                   ///< 0: nothing is wrong
  std::optional<TimePoint> until;  ///< no worker is started before
  TimePoint raised_at{};
  std::int64_t raised_by = 0;  ///< the worker's number
  std::optional<Ending> last;  ///< the last ending that was somebody's fault

  bool operator==(const Backoff&) const = default;
};

/// How long one rung lasts: `base` doubled level-1 times, at most kLongestBackoff, less up to a
/// tenth that the Job's UID decides, so that scalers that fail together do not return together and
/// a restarted daemon computes the same.
Duration backoff_delay(Duration base, int level, std::string_view job_uid);

/// The ladder after these endings, in the order in which they happened. Workers created before the
/// last raise failed for the same reason and do not raise it again. A raise starts no lower than
/// the level at which its worker was started, unless another one has worked since. `raises`, when
/// given, gets the indices of the endings that raised it.
Backoff backoff_after(const std::vector<Ending>& endings,
                      std::vector<std::size_t>* raises = nullptr);

/// The endings of a scaler's workers, as many as matter. They are remembered after their Jobs are
/// gone; after a restart those whose Jobs still exist are noted again.
class History {
 public:
  /// Replaces what was noted of the same worker.
  void note(Ending ending);
  /// The worker turned out not to be stuck.
  void forget(const std::string& uid);
  /// Changes what kind of ending a worker had. Unknown workers are ignored.
  void reclassify(const std::string& uid, Ending::Kind kind, std::string words);
  /// Workers from this number on are made from another template: what earlier ones did holds them
  /// back no more, and faults of theirs that are yet to come are not counted. The level stays, so
  /// that a template that is no better climbs on where the old one was.
  void template_changed(std::int64_t first_number, TimePoint now);
  /// Workers have another queue: that others did nothing for the old one means nothing.
  void queue_changed();

  const Backoff& backoff() const { return backoff_; }

 private:
  bool is_past(const Ending& ending) const;
  void prune();
  void recompute();

  std::vector<Ending> endings_;  // by time, then name
  std::int64_t first_of_template_ = 0;
  TimePoint template_since_ = TimePoint::max();
  Backoff backoff_;
};

}  // namespace jobscaler::engine
