#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/backoff.h"
#include "engine/demand.h"
#include "engine/refusal.h"
#include "engine/settling.h"
#include "engine/windows.h"
#include "jobscaler/engine.h"

namespace jobscaler::engine {

/// Everything a decision about one scaler depends on.
struct Situation {
  const ScalerSpec& spec;
  TimePoint now{};

  bool leader = true;
  std::string lease_holder = {};                    ///< when not the leader; may be empty
  std::optional<std::string> workers_unknown = {};  ///< why, if so

  WorkerCounts counts = {};
  int unfed = 0;  ///< live workers that the reading cannot show yet; see room.h
  const QueueView& queue;
  const Backoff& backoff;
  const Refusal* refusal = nullptr;  ///< of the last create
  const Refusal* template_refusal =
      nullptr;                  ///< of the template's dry run; holds until it is taken
  std::string unanswered = {};  ///< name of the worker whose POST has no answer; empty: none
  TimePoint unanswered_since{};
  std::vector<GroupView> groups = {};  ///< those the scaler may use, in its order
  Effects effects = {};
};

/// A decision, and why.
struct Verdict {
  Reason reason = Reason::workers_unknown;
  std::string text = {};
  std::optional<std::size_t> group = {};  ///< start a worker there: an index into Situation::groups
  /// When time alone may change the verdict; max() when only an event can.
  TimePoint revisit = TimePoint::max();
  std::optional<TimePoint> read_at = {};  ///< a reading taken then or later is needed
  bool on_groups = false;                 ///< held by what other scalers' workers do
};

/// Holds, then demand, then limits: the first that applies is the reason. A function of its
/// argument.
Verdict decide(const Situation& situation);

}  // namespace jobscaler::engine
