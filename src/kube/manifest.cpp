#include "kube/manifest.h"

#include <cpprest/json.h>

#include <initializer_list>

#include "kube/json.h"
#include "kube/names.h"

namespace jobscaler::kube {
namespace {

constexpr auto kSafeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict";
constexpr int kKeepFinishedSeconds = 600;  // backoff is rebuilt from finished Jobs after a restart

/// The object under a key, made if it is missing. Throws when there is something else.
Json& object_at(Json& parent, const std::string& key) {
  auto& child = parent[key];
  if (child.is_null()) child = Json::object();
  child.as_object();
  return child;
}

void set_if_absent(Json& object, const std::string& key, Json value) {
  if (!object.has_field(key)) object[key] = std::move(value);
}

Json labels_of(const std::string& scaler, const std::string& node_group,
               const std::string& instance) {
  auto labels = Json::object();
  labels[kManagedByLabel] = Json(kManagedBy);
  labels[kInstanceLabel] = Json(instance);
  labels[kScalerLabel] = Json(scaler);
  labels[kNodeGroupLabel] = Json(node_group);
  return labels;
}

void merge(Json& into, const Json& from) {
  for (const auto& [key, value] : from.as_object()) into[key] = value;
}

void add_node_group(Json& pod_spec, const NodeGroupConfig& node_group) {
  for (const auto& [key, value] : node_group.node_selector) {
    object_at(pod_spec, "nodeSelector")[key] = Json(value);
  }
  const auto added = Json::parse(node_group.tolerations_json);
  if (added.as_array().size() == 0) return;
  auto& tolerations = pod_spec["tolerations"];
  if (tolerations.is_null()) tolerations = Json::array();
  for (const auto& toleration : added.as_array()) tolerations[tolerations.size()] = toleration;
}

void complete_pod_metadata(Json& metadata, const Json& labels) {
  merge(object_at(metadata, "labels"), labels);
  set_if_absent(object_at(metadata, "annotations"), kSafeToEvict, Json("false"));
}

void complete_pod_spec(Json& spec, const NodeGroupConfig& node_group) {
  add_node_group(spec, node_group);
  set_if_absent(spec, "restartPolicy", Json("Never"));
}

/// Throws json_exception where the spec's shape is not a Job's. Careful: adding a key to an object
/// moves the others, so no reference is kept across that.
std::string spec_of(const ScalerConfig& scaler, const NodeGroupConfig& node_group,
                    const Json& labels) {
  auto spec = Json::parse(scaler.job_spec_json);
  set_if_absent(spec, "backoffLimit", Json(0));
  set_if_absent(spec, "ttlSecondsAfterFinished", Json(kKeepFinishedSeconds));
  auto& pod = object_at(spec, "template");
  complete_pod_metadata(object_at(pod, "metadata"), labels);
  complete_pod_spec(object_at(pod, "spec"), node_group);
  return spec.serialize();
}

std::string job(const Json& metadata, const std::string& spec) {
  return R"({"apiVersion":"batch/v1","kind":"Job","metadata":)" + metadata.serialize() +
         R"(,"spec":)" + spec + "}";
}

}  // namespace

Result<JobTemplate> JobTemplate::prepare(const ScalerConfig& scaler,
                                         const NodeGroupConfig& node_group,
                                         const std::string& instance) {
  JobTemplate prepared;
  prepared.scaler_ = scaler.spec.name;
  prepared.node_group_ = node_group.spec.name;
  prepared.instance_ = instance;
  try {
    prepared.spec_ =
        spec_of(scaler, node_group, labels_of(prepared.scaler_, prepared.node_group_, instance));
  } catch (const web::json::json_exception& e) {
    return Error{ErrorKind::rejected,
                 "scaler " + scaler.spec.name + ": its job is not a Job's spec: " + e.what()};
  }
  return prepared;
}

std::string JobTemplate::worker(std::int64_t number, int backoff_level) const {
  auto metadata = Json::object();
  metadata["name"] = Json(worker_name(scaler_, number));
  metadata["labels"] = labels_of(scaler_, node_group_, instance_);
  metadata["labels"][kNumberLabel] = Json(std::to_string(number));
  if (backoff_level > 0) {
    metadata["annotations"][kBackoffLevelAnnotation] = Json(std::to_string(backoff_level));
  }
  return job(metadata, spec_);
}

std::string JobTemplate::dry_run() const {
  auto metadata = Json::object();
  metadata["generateName"] = Json(scaler_ + "-");
  metadata["labels"] = labels_of(scaler_, node_group_, instance_);
  return job(metadata, spec_);
}

}  // namespace jobscaler::kube
