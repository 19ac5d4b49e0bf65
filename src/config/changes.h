#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/config.h"

namespace jobscaler {

/// What differs between two configurations, and what that means for a daemon that runs with the
/// first one.
struct ConfigChanges {
  /// For people, one per changed thing: "orders: workers.max 20 -> 30, job template". Never a
  /// secret.
  std::vector<std::string> lines;
  /// Those that a running daemon cannot make: "kubernetes.namespace a -> b".
  std::vector<std::string> refused;
  /// Scalers, new ones included, that read another queue, or read it by other means.
  std::set<std::string> new_queues;
  /// Scalers, new ones included, whose Jobs are made from another template.
  std::set<std::string> new_jobs;
};

ConfigChanges changes_between(const Config& before, const Config& after);

}  // namespace jobscaler
