#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "config/config.h"
#include "config/rules.h"
#include "config/value.h"

/// The sections of the file, one function each. They report what is wrong with a section by itself
/// and return what can be used; what must agree between sections is for check_agreement().
namespace jobscaler::config {

// Far above what makes sense, far below what overflows.
constexpr std::int64_t kMaxWorkers = 100'000;
constexpr std::int64_t kMaxMessages = 1'000'000'000'000;
constexpr Duration kMaxSpan = std::chrono::hours(720);

inline constexpr Span kTimeout{std::chrono::milliseconds(100), std::chrono::minutes(5)};

/// The file as a whole.
Config read_config(const Value& root);

KubernetesConfig read_kubernetes(const Value& value);

/// Into the configuration's connections of either kind, in the order of the file.
void read_connections(const Value& value, Config& config);
RabbitmqConnection read_rabbitmq_connection(const std::string& name, const Value& value);
KafkaConnection read_kafka_connection(const std::string& name, const Value& value);

/// One per item of the list, at the same index.
std::vector<NodeGroupConfig> read_node_groups(const Value& value);

/// One per item of the list, at the same index. `poll_interval` is the default.
std::vector<ScalerConfig> read_scalers(const Value& value, Duration poll_interval);

/// Names that are unique and refer to something, limits that fit together, and what is legal and
/// probably not meant. Values that were reported already are left alone.
void check_agreement(const Config& config, const YamlNode& root, Report& report);

}  // namespace jobscaler::config
