#pragma once

#include <cstdint>
#include <string>

#include "jobscaler/clock.h"
#include "jobscaler/worker.h"

namespace jobscaler::engine {

/// How a worker ended (or that it got stuck), as far as the next ones are concerned.
struct Ending {
  enum class Kind {
    worked,     ///< evidence that workers of this scaler can work
    failed,     ///< the worker's own fault
    stuck,      ///< never became ready
    idle,       ///< exited 0 within seconds while the backlog did not fall
    blameless,  ///< says nothing: evicted, preempted, node lost, or ended early with nothing to do
  };

  std::string worker;
  std::string uid;  ///< of the Job
  TimePoint created{};
  TimePoint at{};  ///< when it ended, or became stuck
  Kind kind = Kind::blameless;
  std::string words;        ///< "exit code 1, Error: no such host"; empty when it is nobody's fault
  int level_at_start = 0;   ///< the scaler's backoff level when the worker was started
  std::int64_t number = 0;  ///< the worker's

  bool operator==(const Ending&) const = default;
};

/// A worker that ran for less than this before it exited 0 has to show in the backlog that it did
/// anything. Long enough for a container that starts, finds no configuration and ends; far below
/// the idle time after which workers end themselves.
constexpr Duration kQuickExit = std::chrono::seconds(10);

/// Did it exit 0 so soon that it may have done nothing?
bool exited_at_once(const WorkerFacts& worker);

/// REQUIRES: the worker's outcome is not unfinished. A quick exit counts as blameless until the
/// backlog has been looked at: see judge_quick_exit().
Ending ending_of(const WorkerFacts& worker);

/// What a worker that exited at once says, given the messages waiting when it was started and in
/// the first reading after it ended.
Ending::Kind judge_quick_exit(std::int64_t waiting_before, std::int64_t waiting_after);

}  // namespace jobscaler::engine
