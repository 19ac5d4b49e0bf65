#include <cpprest/json.h>

#include <algorithm>

#include "kube/facts.h"
#include "kube/names.h"

namespace jobscaler::kube {
namespace {

constexpr std::int64_t kHighestLevel = 1000;  // its delay has long been the longest

void read_conditions(const Json& job, WorkerFacts& worker) {
  for (const auto* condition : elements(job, {"status", "conditions"})) {
    const auto type = text(*condition, {"type"});
    const bool finishes = type == "Complete" || type == "Failed";
    if (!finishes || text(*condition, {"status"}) != "True") continue;
    worker.outcome =
        type == "Failed" ? WorkerFacts::Outcome::failed : WorkerFacts::Outcome::complete;
    worker.outcome_reason = text(*condition, {"reason"});
    worker.outcome_message = text(*condition, {"message"});
    worker.finished = parse_rfc3339(text(*condition, {"lastTransitionTime"}));
  }
}

}  // namespace

Result<WorkerFacts> parse_job(const Json& job) {
  WorkerFacts worker;
  worker.name = text(job, {"metadata", "name"});
  worker.uid = text(job, {"metadata", "uid"});
  worker.scaler = text(job, {"metadata", "labels", kScalerLabel});
  if (worker.name.empty() || worker.uid.empty()) {
    return Error{ErrorKind::malformed, "a Job without a name or a uid"};
  }
  if (worker.scaler.empty()) {
    return Error{ErrorKind::malformed,
                 "Job " + worker.name + " has our labels but no label " + kScalerLabel};
  }
  worker.number = number_from(text(job, {"metadata", "labels", kNumberLabel})).value_or(0);
  worker.node_group = text(job, {"metadata", "labels", kNodeGroupLabel});
  const auto level = number_from(text(job, {"metadata", "annotations", kBackoffLevelAnnotation}));
  worker.backoff_level = static_cast<int>(std::min(level.value_or(0), kHighestLevel));
  const auto created = parse_rfc3339(text(job, {"metadata", "creationTimestamp"}));
  worker.created = created.value_or(ServerTime{});
  worker.deleting = find(job, {"metadata", "deletionTimestamp"}) != nullptr;
  worker.suspended = is_true(job, {"spec", "suspend"});
  read_conditions(job, worker);
  return worker;
}

bool is_finished(const WorkerFacts& worker) {
  return worker.outcome != WorkerFacts::Outcome::unfinished;
}

void to_boot_clock(WorkerFacts& worker, Duration server_ahead) {
  const auto move = [&](std::optional<TimePoint>& time) {
    if (time) *time -= server_ahead;
  };
  worker.created -= server_ahead;
  move(worker.finished);
  if (!worker.pod) return;
  worker.pod->created -= server_ahead;
  move(worker.pod->scheduled);
  move(worker.pod->unscheduled_since);
  move(worker.pod->ready);
}

}  // namespace jobscaler::kube
