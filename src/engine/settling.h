#pragma once

#include <optional>
#include <string>

#include "engine/demand.h"
#include "jobscaler/spec.h"

namespace jobscaler::engine {

/// What a scaler's workers did last, as far as the next one must wait for its effect.
struct Effects {
  std::optional<TimePoint> last_ready;  ///< when the last worker became ready
  std::string last_ready_worker;
  std::string unready_words;             ///< about a worker of its own that is still coming, if any
  std::optional<TimePoint> would_start;  ///< observing: when a start was last reported
};

/// Why the next worker must wait, and until when.
struct Settling {
  std::string text;
  TimePoint until = TimePoint::max();
  std::optional<TimePoint> read_at = {};  ///< a reading taken then or later is needed
};

/// One worker at a time, each given `settle` to show its effect, because nobody knows what a worker
/// is worth? Always so for the age trigger: an age does not say how many workers are missing.
bool one_at_a_time(const ScalerSpec& spec, Reason demand);

/// Can it be so for this scaler at all?
bool may_go_one_at_a_time(const ScalerSpec& spec);

/// A decision needs a reading taken after the last worker became ready (and, one at a time, had its
/// time to settle). Workers wanted by `min` do not wait.
std::optional<Settling> settling(const ScalerSpec& spec, const Demand& demand,
                                 const QueueView& queue, const Effects& effects, TimePoint now);

}  // namespace jobscaler::engine
