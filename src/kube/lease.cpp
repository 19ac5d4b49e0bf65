#include "kube/lease.h"

#include <cpprest/json.h>

#include "kube/names.h"

namespace jobscaler::kube {

bool is_lease(const Json& json) {
  const auto* metadata = find(json, {"metadata"});
  const auto* annotations = find(json, {"metadata", "annotations"});
  return text(json, {"kind"}) == "Lease" && metadata != nullptr && metadata->is_object() &&
         (annotations == nullptr || annotations->is_object());
}

MarkMap marks_of(const Json& lease, std::vector<std::string>* odd) {
  MarkMap marks;
  const auto prefix = mark_annotation("");
  const auto* annotations = find(lease, {"metadata", "annotations"});
  if (annotations == nullptr || !annotations->is_object()) return marks;
  for (const auto& [key, value] : annotations->as_object()) {
    if (key.rfind(prefix, 0) != 0) continue;
    const auto number = value.is_string() ? number_from(value.as_string()) : std::nullopt;
    if (number) marks[key.substr(prefix.size())] = *number;
    if (!number && odd != nullptr) odd->push_back(key);
  }
  return marks;
}

std::optional<std::string> raised_lease(const Json& lease, const MarkMap& marks) {
  const auto present = marks_of(lease);
  auto raised = lease;
  bool changed = false;
  for (const auto& [scaler, number] : marks) {
    const auto known = present.find(scaler);
    if (known != present.end() && known->second >= number) continue;
    raised["metadata"]["annotations"][mark_annotation(scaler)] = Json(std::to_string(number));
    changed = true;
  }
  if (!changed) return std::nullopt;
  return raised.serialize();
}

std::string new_lease(const std::string& name_space, const std::string& instance,
                      const MarkMap& marks) {
  auto lease = Json::object();
  lease["apiVersion"] = Json("coordination.k8s.io/v1");
  lease["kind"] = Json("Lease");
  lease["metadata"]["name"] = Json(lease_name(instance));
  lease["metadata"]["namespace"] = Json(name_space);
  lease["metadata"]["labels"][kManagedByLabel] = Json(kManagedBy);
  lease["metadata"]["labels"][kInstanceLabel] = Json(instance);
  lease["spec"] = Json::object();
  return raised_lease(lease, marks).value_or(lease.serialize());
}

std::optional<LeaseRecord> record_of(const Json& lease) {
  LeaseRecord record;
  record.holder = text(lease, {"spec", "holderIdentity"});
  const auto seconds = integer(lease, {"spec", "leaseDurationSeconds"});
  if (record.holder.empty() && !seconds) return std::nullopt;
  record.duration_seconds = seconds.value_or(0);
  record.acquired = text(lease, {"spec", "acquireTime"});
  record.renewed = text(lease, {"spec", "renewTime"});
  record.transitions = integer(lease, {"spec", "leaseTransitions"}).value_or(0);
  return record;
}

std::string with_record(const Json& lease, const LeaseRecord& record) {
  auto changed = lease;
  auto& spec = changed["spec"];
  spec["holderIdentity"] = Json(record.holder);
  spec["leaseDurationSeconds"] = Json(record.duration_seconds);
  spec["acquireTime"] = Json(record.acquired);
  spec["renewTime"] = Json(record.renewed);
  spec["leaseTransitions"] = Json(record.transitions);
  return changed.serialize();
}

}  // namespace jobscaler::kube
