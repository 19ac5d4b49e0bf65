#include "kube/names.h"

#include <fmt/format.h>

#include <charconv>

#include "http/client.h"

namespace jobscaler::kube {
namespace {

constexpr std::int64_t kHighestNumber = 1'000'000'000'000'000;

std::string path(const char* api, const std::string& name_space, const char* resource,
                 const std::string& name) {
  auto collection =
      fmt::format("{}/namespaces/{}/{}", api, http::encode_uri_component(name_space), resource);
  return name.empty() ? collection : collection + "/" + http::encode_uri_component(name);
}

}  // namespace

std::optional<std::int64_t> number_from(const std::string& text) {
  std::int64_t number = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  if (number < 0 || number > kHighestNumber) return std::nullopt;
  return number;
}

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
