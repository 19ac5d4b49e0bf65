#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/phase.h"
#include "jobscaler/worker.h"

namespace jobscaler::engine {

/// A deletion that is under way.
struct Going {
  TimePoint since{};
  bool asked_for = false;   ///< by us
  TimePoint reminded_at{};  ///< when it was last said that the worker is still there
};

/// A worker and what was seen of it.
struct TrackedWorker {
  WorkerFacts facts;
  PhaseMemory memory;
  PhaseVerdict verdict;   ///< as of the scaler's last refresh
  TimePoint learnt_at{};  ///< when it was first heard of; an older list says nothing about it
  std::optional<TimePoint> requested_at;  ///< when we asked for it, if it was us
  std::optional<TimePoint> ready_at;  ///< when it became ready (or finished), as far as is known
  std::optional<std::int64_t> waiting_at_start;  ///< messages in the reading it was started on
  std::optional<PodFacts> last_pod;  ///< how a worker ended stays known when its pod is gone
  bool told_unplaced = false;

  // How a worker goes that does no good. It is said to be stuck and kept from then on; when that
  // time is over its deletion is asked for, and asked for again while nothing comes of it. Both are
  // forgotten when it turns out not to be stuck. Someone else may delete it at any time.
  std::optional<TimePoint> kept_since;
  std::optional<Going> going;

  bool finished() const { return facts.outcome != WorkerFacts::Outcome::unfinished; }
};

/// Where facts come from.
struct Origin {
  enum class Kind {
    watch,
    list,    ///< asked for at `asked_at`
    answer,  ///< to a create; older than anything the watch has told of the same worker
  };
  Kind kind = Kind::watch;
  TimePoint asked_at{};
};

/// The workers of one scaler, as the cluster tells of them: late, twice, and out of order. What has
/// been finished or ready once stays so; what is gone does not come back by an old event.
class WorkerStore {
 public:
  using Map = std::map<std::string, TrackedWorker>;  // by name

  /// What see() learnt.
  struct Sighting {
    TrackedWorker* worker = nullptr;  ///< null: old news, nothing changed
    bool first = false;               ///< nothing was known of it before
    bool became_ready = false;        ///< or finished without having been seen ready
    bool became_finished = false;
    bool became_going = false;  ///< its deletion is under way
  };

  Sighting see(const WorkerFacts& facts, const Origin& origin, const ScalerSpec& spec,
               TimePoint now);

  /// Removes the worker if it is the one we know and returns it as it was.
  std::optional<TrackedWorker> gone(const std::string& name, const std::string& uid, TimePoint now);

  /// Those that a list asked for at `asked_at` would have shown and did not.
  std::vector<const TrackedWorker*> missing_from(const std::vector<const WorkerFacts*>& list,
                                                 TimePoint asked_at) const;

  bool knows(const std::string& name) const;
  Map& unfinished() { return unfinished_; }
  const Map& unfinished() const { return unfinished_; }
  const Map& finished() const { return finished_; }

 private:
  struct Tombstone {
    std::string uid;
    TimePoint at{};
  };

  bool is_ghost(const WorkerFacts& facts, const Origin& origin);
  Sighting add(const WorkerFacts& facts, const ScalerSpec& spec, TimePoint now);
  Sighting update(TrackedWorker& worker, const WorkerFacts& facts, const ScalerSpec& spec,
                  TimePoint now);
  TrackedWorker* find(const std::string& name);

  Map unfinished_;
  Map finished_;
  std::deque<Tombstone> graves_;  // the last kGraves
};

}  // namespace jobscaler::engine
