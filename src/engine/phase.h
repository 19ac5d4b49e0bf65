#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "jobscaler/clock.h"
#include "jobscaler/spec.h"
#include "jobscaler/worker.h"

namespace jobscaler::engine {

/// Why a worker can never become ready as things are.
enum class StuckCause {
  none,
  fatal_wait,  ///< a container waits for something that does not come: ImagePullBackOff, ...
  not_ready,   ///< scheduled, and not ready for readyTimeout
  no_pod,      ///< a Job whose pod is not made: FailedCreate
  deleting,    ///< the Job is being deleted
};

struct Stuck {
  StuckCause cause = StuckCause::none;
  TimePoint since{};

  bool operator==(const Stuck&) const = default;
};

/// What has been seen of a worker and cannot be read off its latest facts. Kept by remember().
struct PhaseMemory {
  bool was_ready = false;                  ///< latches: a flapping probe does not undo it
  std::string pod_uid;                     ///< the pod that the following is about; empty: no pod
  std::optional<TimePoint> fatal_since;    ///< first seen waiting for something fatal
  std::optional<TimePoint> podless_since;  ///< without a pod and not suspended
  std::optional<Stuck> stuck;              ///< stays until the pod is ready or another one
};

struct PhaseVerdict {
  Phase phase = Phase::pending;
  TimePoint since{};  ///< since when, as far as can be told
  StuckCause cause = StuckCause::none;
  /// When time alone would change the phase; max() when it would not.
  TimePoint changes_at = TimePoint::max();
};

/// The phase of a worker whose POST has been answered. Pure: a function of its arguments alone.
///
/// `ready` goes before `stuck`: what has once been ready may be in the middle of a message even if
/// one of its containers is in CrashLoopBackOff, and must not be deleted. A worker that is being
/// deleted is `stuck`: it takes no new messages and holds no window, and counts until it is gone.
PhaseVerdict phase_of(const WorkerFacts& worker, const PhaseMemory& memory, const ScalerSpec& spec,
                      TimePoint now);

/// Adds to `memory` what `worker`, as seen at `now`, shows. `first_sight`: nothing was known of
/// this worker before, so that how long it has been like this is not known either, and is read off
/// its dates. A running pod that is first seen longer than readyTimeout after it was scheduled
/// counts as having been ready: it would have been deleted otherwise, perhaps in the middle of a
/// message.
void remember(PhaseMemory& memory, const WorkerFacts& worker, const ScalerSpec& spec, TimePoint now,
              bool first_sight);

/// Is this waiting reason one that does not go away by itself?
bool is_fatal_wait(std::string_view reason);

/// Since when a pending worker has been waiting for a place (unschedulable, gated, or suspended by
/// an admission queue). Nothing when it is not waiting for one.
std::optional<TimePoint> unplaced_since(const WorkerFacts& worker, Phase phase);

}  // namespace jobscaler::engine
