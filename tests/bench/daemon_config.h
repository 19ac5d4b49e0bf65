#pragma once

#include <string>

#include "bench/cluster.h"

namespace jobscaler::bench {

constexpr int kPollMs = 500;
constexpr const char* kNamePlaceholder = "@NAME@";

/// What the rows about the daemon differ in.
struct DaemonConfig {
  std::string instance;
  std::string scaler;  ///< and its queue
  int amqp_port = 5672;
  int messages_above = 0;
  int max_workers = 1;
};

/// The daemon's configuration, YAML: one scaler whose workers are pods that are ready at once and
/// stay for ever.
std::string daemon_config(const DaemonConfig& config, const Cluster& cluster);

/// The very Job that the daemon would create, as JSON with kNamePlaceholder for its name.
std::string floor_manifest(const DaemonConfig& config, const Cluster& cluster);

}  // namespace jobscaler::bench
