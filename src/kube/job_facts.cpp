#include <cpprest/json.h>

#include <charconv>

#include "kube/facts.h"
#include "kube/names.h"

namespace jobscaler::kube {
namespace {

/// 0: not a number.
std::int64_t number_from(const std::string& text) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? number : 0;
}

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
  worker.number = number_from(text(job, {"metadata", "labels", kNumberLabel}));
  worker.node_group = text(job, {"metadata", "labels", kNodeGroupLabel});
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
