#include "engine/ending.h"

#include <algorithm>
#include <array>

#include "engine/texts.h"

namespace jobscaler::engine {
namespace {

constexpr std::array<std::string_view, 7> kNeverRan = {"Evicted",
                                                       "NodeLost",
                                                       "NodeAffinity",
                                                       "NodeShutdown",
                                                       "Shutdown",
                                                       "Terminated",
                                                       "UnexpectedAdmissionError"};

/// "OutOfcpu", "OutOfpods", "OutOfexample.com/gpu": any resource the node turned out not to have.
bool never_ran(std::string_view reason) {
  return reason.starts_with("OutOf") ||
         std::find(kNeverRan.begin(), kNeverRan.end(), reason) != kNeverRan.end();
}

/// Pods that were taken away or never got to run say nothing about the worker.
bool is_blameless(const PodFacts& pod) {
  return pod.disrupted || (!pod.exit && never_ran(pod.status_reason));
}

Ending::Kind kind_of(const WorkerFacts& worker) {
  if (worker.outcome == WorkerFacts::Outcome::failed) {
    return worker.pod && is_blameless(*worker.pod) ? Ending::Kind::blameless : Ending::Kind::failed;
  }
  return exited_at_once(worker) ? Ending::Kind::blameless : Ending::Kind::worked;
}

}  // namespace

bool exited_at_once(const WorkerFacts& worker) {
  if (worker.outcome != WorkerFacts::Outcome::complete || !worker.finished) return false;
  const TimePoint began =
      worker.pod && worker.pod->scheduled ? *worker.pod->scheduled : worker.created;
  return *worker.finished - began < kQuickExit;
}

Ending ending_of(const WorkerFacts& worker) {
  Ending ending{
      worker.name,     worker.uid, worker.created,       worker.finished.value_or(worker.created),
      kind_of(worker), "",         worker.backoff_level, worker.number};
  if (worker.outcome == WorkerFacts::Outcome::failed) ending.words = failure_words(worker);
  return ending;
}

Ending::Kind judge_quick_exit(std::int64_t waiting_before, std::int64_t waiting_after) {
  if (waiting_before == 0) return Ending::Kind::blameless;
  return waiting_after < waiting_before ? Ending::Kind::worked : Ending::Kind::idle;
}

}  // namespace jobscaler::engine
