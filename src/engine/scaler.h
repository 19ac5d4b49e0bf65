#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/backoff.h"
#include "engine/demand.h"
#include "engine/node_groups.h"
#include "engine/poller.h"
#include "engine/refusal.h"
#include "engine/worker_store.h"
#include "jobscaler/engine.h"

namespace jobscaler::engine {

/// Numbers of workers: dense and serial, never used twice.
struct Numbers {
  std::int64_t known = 0;  ///< the highest of any Job we have heard of, finished and gone included
  std::int64_t recorded = 0;  ///< the mark on our Lease, as far as we know

  std::int64_t next() const { return std::max(known, recorded) + 1; }
};

/// A POST that has no answer yet.
struct PendingCreate {
  std::int64_t number = 0;
  std::string worker;
  std::string node_group;
  TimePoint asked_at{};
  std::optional<std::int64_t> waiting;  ///< messages in the reading it was decided on
};

/// A worker that exited at once and whose effect on the backlog the next reading will show.
struct QuickExit {
  std::string uid;
  std::int64_t waiting_before = 0;
  TimePoint noticed_at{};
};

/// What one scaler's workers take up in one node group.
struct GroupShare {
  int unready = 0;  ///< in the window
  int unfinished = 0;
  const TrackedWorker* no_place = nullptr;  ///< oldest without a place for longer than nodeTimeout
  const TrackedWorker* oldest = nullptr;    ///< oldest in the window; null: only the requested one

  bool same_load(const GroupShare& other) const {
    return unready == other.unready && unfinished == other.unfinished;
  }
};

/// A scaler's workers counted, by phase and by node group (index).
struct Tally {
  WorkerCounts counts;
  std::vector<std::pair<std::size_t, GroupShare>> shares;
  const TrackedWorker* oldest_coming = nullptr;  ///< of those in any window
  TimePoint last_ready_at = TimePoint::min();    ///< when the youngest ready one became so
  /// When time alone changes the counts, as long as its workers are in sight.
  TimePoint changes_at = TimePoint::max();

  const GroupShare* share(std::size_t group) const;
};

/// Everything the engine knows about one scaler. One that is not configured (any more) is kept for
/// its numbers, which are not to be used again, and for the room that its workers take up.
struct Scaler {
  Scaler(std::string name, TimePoint now) : poller(spec.poll_interval, now) {
    spec.name = std::move(name);
  }

  ScalerSpec spec;
  bool configured = false;
  std::vector<std::size_t> groups;  ///< indices of its node groups, in its order

  WorkerStore workers;
  Numbers numbers;
  std::optional<PendingCreate> pending;
  QueueView queue;
  Poller poller;
  std::optional<Refusal> refusal;
  TemplateCheck template_check;
  History history;
  std::vector<QuickExit> quick_exits;
  std::optional<TimePoint> last_ready;
  std::string last_ready_worker;
  TimePoint last_served = TimePoint::min();
  std::optional<TimePoint> would_start;  ///< observing: when a start was last reported
  bool tell_found = false;               ///< it is to be said how many workers were found at start
  Tally tally;                           ///< as of the last refresh

  bool dirty = true;                 ///< something happened since the last decision
  bool on_groups = false;            ///< the last decision was held by its node groups' load
  TimePoint due = TimePoint::min();  ///< when to look again even if nothing happens

  bool polls() const { return configured && !spec.paused; }
};

/// Counts by the workers' verdicts. `sight`: until when the workers have been seen (see View).
///
/// Two kinds of workers that are not ready stay out of the windows, and so hold back nobody else's:
/// one that has been waiting for a place for longer than its group's nodeTimeout (its own scaler
/// does not use the group meanwhile), and one whose POST has had no answer for readyTimeout
/// (answers always come; if one did not, a window would stay shut for ever).
Tally tally_of(const Scaler& scaler, const NodeGroups& groups, TimePoint sight, TimePoint now);

/// Live workers whose messages the reading cannot show: not ready yet, or ready since it was taken.
int unfed_workers(const Scaler& scaler);

}  // namespace jobscaler::engine
