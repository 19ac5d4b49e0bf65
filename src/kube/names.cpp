#include "kube/names.h"

#include <fmt/format.h>

#include "http/client.h"

namespace jobscaler::kube {
namespace {

std::string path(const char* api, const std::string& name_space, const char* resource,
                 const std::string& name) {
  auto collection =
      fmt::format("{}/namespaces/{}/{}", api, http::encode_uri_component(name_space), resource);
  return name.empty() ? collection : collection + "/" + http::encode_uri_component(name);
}

}  // namespace

std::string mark_annotation(const std::string& scaler) {
  return "jobscaler.io/mark-" + scaler;
}

std::string lease_name(const std::string& instance) {
  return "jobscaler-" + instance;
}

std::string worker_name(const std::string& scaler, std::int64_t number) {
  return fmt::format("{}-{}", scaler, number);
}

std::string selector_of(const std::string& instance) {
  return fmt::format("{}={},{}={}", kManagedByLabel, kManagedBy, kInstanceLabel, instance);
}

std::string jobs_path(const std::string& name_space, const std::string& name) {
  return path("/apis/batch/v1", name_space, "jobs", name);
}

std::string pods_path(const std::string& name_space) {
  return path("/api/v1", name_space, "pods", "");
}

std::string events_path(const std::string& name_space) {
  return path("/api/v1", name_space, "events", "");
}

std::string leases_path(const std::string& name_space, const std::string& name) {
  return path("/apis/coordination.k8s.io/v1", name_space, "leases", name);
}

}  // namespace jobscaler::kube
