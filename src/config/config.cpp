#include "config/config.h"

#include <chrono>

#include "config/sections.h"

namespace jobscaler {
namespace config {
namespace {

using namespace std::chrono_literals;

const Span kPollInterval{100ms, 1h};
const Text kPath{"the path of a kubeconfig file"};
const Text kContext{"the name of one of the kubeconfig's contexts"};

/// The groups a scaler uses when it names none: the one called default, or the only one there is.
std::vector<std::string> default_groups(const std::vector<NodeGroupConfig>& groups) {
  if (groups.size() == 1) return {groups[0].spec.name};
  for (const NodeGroupConfig& group : groups) {
    if (group.spec.name == "default") return {"default"};
  }
  return {};
}

}  // namespace

KubernetesConfig read_kubernetes(const Value& value) {
  const Mapping mapping(value, kKubernetesKeys);
  KubernetesConfig config;
  mapping.optional("namespace", Name(), config.name_space);
  mapping.optional("kubeconfig", kPath, config.kubeconfig);
  mapping.optional("context", kContext, config.context);
  mapping.optional("instance", Name(), config.instance);
  mapping.optional("timeout", kTimeout, config.timeout);
  return config;
}

Config read_config(const Value& root) {
  const Mapping mapping(root, kTopKeys);
  Config config;
  Duration poll_interval = ScalerSpec().poll_interval;
  mapping.optional("pollInterval", kPollInterval, poll_interval);
  if (const auto kubernetes = mapping.find("kubernetes")) {
    config.kubernetes = read_kubernetes(*kubernetes);
  }
  if (const auto connections =
          mapping.require("connections", "a mapping of names to connections")) {
    read_connections(*connections, config);
  }
  if (const auto groups = mapping.find("nodeGroups")) {
    config.node_groups = read_node_groups(*groups);
  } else {
    config.node_groups.emplace_back().spec.name = "default";
  }
  if (const auto scalers = mapping.require("scalers", "a list of scalers")) {
    config.scalers = read_scalers(*scalers, poll_interval);
  }
  for (ScalerConfig& scaler : config.scalers) {
    if (scaler.spec.node_groups.empty()) {
      scaler.spec.node_groups = default_groups(config.node_groups);
    }
  }
  return config;
}

}  // namespace config

EngineSpec engine_spec(const Config& config) {
  EngineSpec spec;
  for (const NodeGroupConfig& group : config.node_groups) spec.node_groups.push_back(group.spec);
  for (const ScalerConfig& scaler : config.scalers) spec.scalers.push_back(scaler.spec);
  return spec;
}

}  // namespace jobscaler
