#include <cpprest/json.h>

#include "kube/facts.h"

namespace jobscaler::kube {
namespace {

PodFacts::Stage stage_from(const std::string& phase) {
  if (phase == "Running") return PodFacts::Stage::running;
  if (phase == "Succeeded") return PodFacts::Stage::succeeded;
  if (phase == "Failed") return PodFacts::Stage::failed;
  if (phase == "Unknown") return PodFacts::Stage::unknown;
  return PodFacts::Stage::pending;  // a pod nobody has looked at yet has no phase
}

std::optional<ServerTime> time_at(const Json& json, JsonPath path) {
  return parse_rfc3339(text(json, path));
}

void read_condition(const Json& condition, PodFacts& pod) {
  const auto type = text(condition, {"type"});
  const bool is_so = text(condition, {"status"}) == "True";
  // A condition without a time has held for as long as there is a pod.
  const auto since = time_at(condition, {"lastTransitionTime"}).value_or(pod.created);
  if (type == "PodScheduled" && is_so) pod.scheduled = since;
  if (type == "PodScheduled" && !is_so) {
    pod.unscheduled_reason = text(condition, {"reason"});
    pod.unscheduled_message = text(condition, {"message"});
    pod.unscheduled_since = since;
  }
  if (type == "Ready" && is_so) pod.ready = since;
  if (type == "DisruptionTarget" && is_so) pod.disrupted = true;
}

/// Init containers first, in order.
std::vector<const Json*> container_statuses(const Json& pod) {
  auto statuses = elements(pod, {"status", "initContainerStatuses"});
  const auto others = elements(pod, {"status", "containerStatuses"});
  statuses.insert(statuses.end(), others.begin(), others.end());
  return statuses;
}

/// The kubelet's words for "I have not come to this container yet".
bool is_ordinary_wait(const std::string& reason) {
  return reason == "ContainerCreating" || reason == "PodInitializing";
}

void read_waiting(const std::vector<const Json*>& statuses, PodFacts& pod) {
  for (const auto* status : statuses) {
    if (find(*status, {"state", "waiting"}) == nullptr) continue;
    PodFacts::Waiting waiting{text(*status, {"state", "waiting", "reason"}),
                              text(*status, {"state", "waiting", "message"})};
    const bool more_telling =
        pod.waiting && is_ordinary_wait(pod.waiting->reason) && !is_ordinary_wait(waiting.reason);
    if (!pod.waiting || more_telling) pod.waiting = std::move(waiting);
  }
}

/// How the container ended: now, or the last time if it waits to be started again.
const Json* termination_of(const Json& status) {
  if (const auto* now = find(status, {"state", "terminated"})) return now;
  if (find(status, {"state", "waiting"}) == nullptr) return nullptr;
  return find(status, {"lastState", "terminated"});
}

void read_exit(const std::vector<const Json*>& statuses, PodFacts& pod) {
  for (const auto* status : statuses) {
    const auto* ended = termination_of(*status);
    if (ended == nullptr) continue;
    const auto code = integer(*ended, {"exitCode"});
    if (!code || (pod.exit && (pod.exit->code != 0 || *code == 0))) continue;
    pod.exit = PodFacts::Exit{static_cast<int>(*code), text(*ended, {"reason"}),
                              text(*ended, {"message"})};
  }
}

void read_owner(const Json& pod, OwnedPod& owned) {
  for (const auto* owner : elements(pod, {"metadata", "ownerReferences"})) {
    if (is_true(*owner, {"controller"})) owned.owner_uid = text(*owner, {"uid"});
  }
  owned.job_name = text(pod, {"metadata", "labels", "batch.kubernetes.io/job-name"});
  if (owned.job_name.empty()) owned.job_name = text(pod, {"metadata", "labels", "job-name"});
}

}  // namespace

Result<OwnedPod> parse_pod(const Json& json) {
  OwnedPod owned;
  auto& pod = owned.facts;
  pod.name = text(json, {"metadata", "name"});
  pod.uid = text(json, {"metadata", "uid"});
  if (pod.name.empty() || pod.uid.empty()) {
    return Error{ErrorKind::malformed, "a Pod without a name or a uid"};
  }
  pod.node = text(json, {"spec", "nodeName"});
  pod.created = time_at(json, {"metadata", "creationTimestamp"}).value_or(ServerTime{});
  pod.stage = stage_from(text(json, {"status", "phase"}));
  pod.status_reason = text(json, {"status", "reason"});
  pod.status_message = text(json, {"status", "message"});
  pod.deleting = find(json, {"metadata", "deletionTimestamp"}) != nullptr;
  for (const auto* condition : elements(json, {"status", "conditions"})) {
    read_condition(*condition, pod);
  }
  // Pods that were given a node without a scheduler have no such condition.
  if (!pod.node.empty() && !pod.scheduled) pod.scheduled = pod.created;
  const auto statuses = container_statuses(json);
  read_waiting(statuses, pod);
  read_exit(statuses, pod);
  read_owner(json, owned);
  return owned;
}

}  // namespace jobscaler::kube
