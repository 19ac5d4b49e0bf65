#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "jobscaler/clock.h"

namespace jobscaler::rabbitmq {

/// How often a broker makes its statistics (collect_statistics_interval, 5 s unless it is changed).
/// The management API does not tell; but a node's uptime is one of them, so the time between two of
/// its values is the interval or, if values were missed, a multiple of it. Not thread-safe.
class StatisticsInterval {
 public:
  /// Milliseconds by node, as GET /api/nodes has them.
  void take(const std::map<std::string, std::int64_t>& uptimes);

  /// The longest of any node, never less than the truth. Absent: not known of every node yet.
  std::optional<Duration> longest() const;

 private:
  struct Node {
    std::int64_t uptime = 0;
    std::optional<std::int64_t> interval{};
  };
  std::map<std::string, Node> nodes_;
};

}  // namespace jobscaler::rabbitmq
