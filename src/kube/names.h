#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace jobscaler::kube {

inline constexpr auto kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr auto kManagedBy = "jobscaler";
inline constexpr auto kInstanceLabel = "jobscaler.io/instance";
inline constexpr auto kScalerLabel = "jobscaler.io/scaler";
inline constexpr auto kNumberLabel = "jobscaler.io/number";
inline constexpr auto kNodeGroupLabel = "jobscaler.io/node-group";
inline constexpr auto kBackoffLevelAnnotation = "jobscaler.io/backoff-level";

/// A number as our labels and annotations have them: 0 to 10^15. Nothing for anything else: nobody
/// counts so far, and whoever wrote more than that was not a daemon.
std::optional<std::int64_t> number_from(const std::string& text);

/// A scaler's high-water mark on our Lease.
std::string mark_annotation(const std::string& scaler);

/// Our Lease: one per instance.
std::string lease_name(const std::string& instance);

/// The Job of worker `number`.
std::string worker_name(const std::string& scaler, std::int64_t number);

/// The label selector of everything that belongs to an instance.
std::string selector_of(const std::string& instance);

/// Paths at the API server, without query. Empty `name`: the collection.
std::string jobs_path(const std::string& name_space, const std::string& name = "");
std::string pods_path(const std::string& name_space);
std::string events_path(const std::string& name_space);
std::string leases_path(const std::string& name_space, const std::string& name = "");

}  // namespace jobscaler::kube
