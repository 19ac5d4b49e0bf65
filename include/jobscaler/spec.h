#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobscaler/clock.h"

namespace jobscaler {

/// What the engine needs to know about a node group. Defaults are the configuration's defaults.
struct NodeGroupSpec {
  std::string name;
  int window = 1;                  ///< workers not yet ready at once
  std::optional<int> max_workers;  ///< unfinished workers of all scalers together
  /// How long an Unschedulable worker keeps the window closed for everyone. The default is
  /// cluster-autoscaler's --max-node-provision-time.
  Duration node_timeout = std::chrono::minutes(15);

  bool operator==(const NodeGroupSpec&) const = default;
};

/// What the engine needs to know about a scaler. Defaults are the configuration's defaults.
struct ScalerSpec {
  enum class Mode { scale, observe };

  std::string name;
  bool paused = false;
  Mode mode = Mode::scale;
  Duration poll_interval = std::chrono::seconds(5);
  std::optional<std::int64_t> messages_above;
  std::optional<Duration> oldest_above;
  Duration settle = std::chrono::seconds(10);
  int min_workers = 0;
  int max_workers = 1;
  std::optional<std::int64_t> messages_per_worker;
  std::vector<std::string> node_groups;              ///< at least one; names of NodeGroupSpecs
  Duration ready_timeout = std::chrono::minutes(5);  ///< scheduled and not ready for longer: stuck
  Duration stuck_after = std::chrono::seconds(30);   ///< a fatal waiting reason for longer: stuck
  Duration stuck_keep = std::chrono::minutes(10);    ///< a stuck worker is deleted after this

  bool operator==(const ScalerSpec&) const = default;
};

struct EngineSpec {
  std::vector<NodeGroupSpec> node_groups;
  std::vector<ScalerSpec> scalers;
};

}  // namespace jobscaler
