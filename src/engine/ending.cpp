#include "engine/ending.h"

#include <algorithm>
#include <array>

#include "engine/texts.h"

namespace jobscaler::engine {
namespace {

constexpr std::array<std::string_view, 6> kNeverRan = {
    "Evicted", "NodeLost", "OutOfcpu", "OutOfmemory", "UnexpectedAdmissionError", "Shutdown"};

/// Pods that were taken away or never got to run say nothing about the worker.
bool is_blameless(const PodFacts& pod) {
  if (pod.disrupted) return true;
  return !pod.exit &&
         std::find(kNeverRan.begin(), kNeverRan.end(), pod.status_reason) != kNeverRan.end();
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
  Ending ending{worker.name,     worker.uid,
                worker.created,  worker.finished.value_or(worker.created),
                kind_of(worker), ""};
  if (worker.outcome == WorkerFacts::Outcome::failed) ending.words = failure_words(worker);
  return ending;
}

Ending::Kind judge_quick_exit(std::int64_t waiting_before, std::int64_t waiting_after) {
  if (waiting_before == 0) return Ending::Kind::blameless;
  return waiting_after < waiting_before ? Ending::Kind::worked : Ending::Kind::idle;
}

}  // namespace jobscaler::engine
