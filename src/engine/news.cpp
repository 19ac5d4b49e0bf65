#include "engine/news.h"

#include <fmt/format.h>

#include "jobscaler/format.h"

namespace jobscaler::engine {
namespace {

/// How long a worker took until something, on our own clock if it was us who asked for it: the
/// cluster's dates are whole seconds.
Duration taken_until(const TrackedWorker& worker, std::optional<TimePoint> cluster_date,
                     TimePoint now) {
  if (worker.requested_at) return now - *worker.requested_at;
  return cluster_date.value_or(now) - worker.facts.created;
}

}  // namespace

std::string ready_news(const TrackedWorker& worker, TimePoint now) {
  const auto& pod = worker.facts.pod;
  const Duration taken = taken_until(worker, pod ? pod->ready : std::nullopt, now);
  std::string text = fmt::format("{} ready after {}", worker.facts.name, format_duration(taken));
  if (pod && !pod->node.empty()) text += " on node " + pod->node;
  return text;
}

std::string finished_news(const TrackedWorker& worker, const Ending& ending, TimePoint now) {
  const std::string taken = format_duration(taken_until(worker, worker.facts.finished, now));
  const std::string& name = worker.facts.name;
  if (worker.facts.outcome == WorkerFacts::Outcome::complete) {
    return fmt::format("{} finished after {}", name, taken);
  }
  return fmt::format("{} failed after {}{}{}{}", name, taken, ending.words.empty() ? "" : ": ",
                     ending.words,
                     ending.kind == Ending::Kind::blameless ? " (not its own fault)" : "");
}

}  // namespace jobscaler::engine
