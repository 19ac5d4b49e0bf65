#pragma once

#include <optional>
#include <string>

#include "jobscaler/engine.h"

namespace jobscaler::engine {

/// What is known of a scaler's queue.
struct QueueView {
  std::optional<Reading> reading;  ///< the last good one
  std::optional<Error> error;      ///< set when the last attempt failed
};

/// A reading older than this many poll intervals is no reading.
constexpr int kStaleAfter = 3;

/// Is a worker wanted, and why (not)?
struct Demand {
  Reason reason = Reason::source_unavailable;
  bool wanted = false;
  std::string text;
  /// When time alone changes the answer.
  TimePoint changes_at = TimePoint::max();

  bool by_reading() const { return wanted && reason != Reason::below_min; }
};

/// An age is compared as it was when the reading was taken, whatever its kind: it does not grow in
/// our hands, because the message may have been taken since. `last_fault` is what became of the
/// last worker that failed, if any.
Demand demand_of(const ScalerSpec& spec, const WorkerCounts& counts, const QueueView& queue,
                 const std::string& last_fault, TimePoint now);

}  // namespace jobscaler::engine
