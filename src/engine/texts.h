#pragma once

#include <string>
#include <string_view>

#include "engine/phase.h"
#include "jobscaler/engine.h"

namespace jobscaler::engine {

/// Other people's words on one line of at most `limit` bytes: line breaks become spaces, what is
/// cut off is shown as "...", and no UTF-8 character is cut in half.
std::string one_line(std::string_view text, std::size_t limit = 300);

/// "<scaler>-<number>"
std::string worker_name(std::string_view scaler, std::int64_t number);

/// "1 worker", "4 workers"
std::string workers(std::int64_t count);

/// "oldest 12s", "oldest <= 5m (bound)", "oldest >= 2m (arrivals)"
std::string age_text(const OldestAge& age);

/// What one tells of a worker one waits for: "orders-42 pending 8s, Unschedulable: 0/3 nodes
/// available: insufficient cpu; cluster-autoscaler: TriggeredScaleUp pool-a 3->4".
std::string waiting_words(const WorkerFacts& worker, const PhaseVerdict& verdict, TimePoint now);

/// Why a worker is stuck, in the kubelet's words where there are any: "stuck, ImagePullBackOff:
/// Back-off pulling image \"x\"".
std::string stuck_words(const WorkerFacts& worker, StuckCause cause, const ScalerSpec& spec);

/// How a failed worker failed: "exit code 1, Error: no such host", or, told apart from a crash,
/// "deadline exceeded: ...". REQUIRES: its outcome is failed.
std::string failure_words(const WorkerFacts& worker);

/// "3 ready, 1 pending"
std::string phases_text(const WorkerCounts& counts);

}  // namespace jobscaler::engine
