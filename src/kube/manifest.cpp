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

Json labels_of(const ScalerConfig& scaler, const NodeGroupConfig& node_group,
               const std::string& instance) {
  auto labels = Json::object();
  labels[kManagedByLabel] = Json(kManagedBy);
  labels[kInstanceLabel] = Json(instance);
  labels[kScalerLabel] = Json(scaler.spec.name);
  labels[kNodeGroupLabel] = Json(node_group.spec.name);
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
Json job_of(const ScalerConfig& scaler, const NodeGroupConfig& node_group, const Json& labels) {
  auto spec = Json::parse(scaler.job_spec_json);
  set_if_absent(spec, "backoffLimit", Json(0));
  set_if_absent(spec, "ttlSecondsAfterFinished", Json(kKeepFinishedSeconds));
  auto& pod = object_at(spec, "template");
  complete_pod_metadata(object_at(pod, "metadata"), labels);
  complete_pod_spec(object_at(pod, "spec"), node_group);
  auto job = Json::object();
  job["apiVersion"] = Json("batch/v1");
  job["kind"] = Json("Job");
  job["metadata"]["labels"] = labels;
  job["spec"] = std::move(spec);
  return job;
}

Result<std::string> build(const ScalerConfig& scaler, const NodeGroupConfig& node_group,
                          const Json& labels, const std::string& name_field,
                          const std::string& name, int backoff_level = 0) {
  try {
    auto job = job_of(scaler, node_group, labels);
    job["metadata"][name_field] = Json(name);
    if (backoff_level > 0) {
      job["metadata"]["annotations"][kBackoffLevelAnnotation] = Json(std::to_string(backoff_level));
    }
    return job.serialize();
  } catch (const web::json::json_exception& e) {
    return Error{ErrorKind::rejected,
                 "scaler " + scaler.spec.name + ": its job is not a Job's spec: " + e.what()};
  }
}

}  // namespace

Result<std::string> worker_manifest(const ScalerConfig& scaler, const NodeGroupConfig& node_group,
                                    const std::string& instance, std::int64_t number,
                                    int backoff_level) {
  auto labels = labels_of(scaler, node_group, instance);
  labels[kNumberLabel] = Json(std::to_string(number));
  return build(scaler, node_group, labels, "name", worker_name(scaler.spec.name, number),
               backoff_level);
}

Result<std::string> dry_run_manifest(const ScalerConfig& scaler, const NodeGroupConfig& node_group,
                                     const std::string& instance) {
  return build(scaler, node_group, labels_of(scaler, node_group, instance), "generateName",
               scaler.spec.name + "-");
}

}  // namespace jobscaler::kube
