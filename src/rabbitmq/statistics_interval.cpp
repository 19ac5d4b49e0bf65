#include "rabbitmq/statistics_interval.h"

#include <algorithm>

namespace jobscaler::rabbitmq {

void StatisticsInterval::take(const std::map<std::string, std::int64_t>& uptimes) {
  std::map<std::string, Node> nodes;
  for (const auto& [name, uptime] : uptimes) {
    Node& node = nodes[name] = {uptime};
    const auto before = nodes_.find(name);
    if (before == nodes_.end() || uptime < before->second.uptime) continue;  // started since
    node.interval = before->second.interval;
    const std::int64_t passed = uptime - before->second.uptime;
    if (passed > 0) node.interval = std::min(node.interval.value_or(passed), passed);
  }
  nodes_ = std::move(nodes);
}

std::optional<Duration> StatisticsInterval::longest() const {
  if (nodes_.empty()) return std::nullopt;
  Duration longest{};
  for (const auto& [name, node] : nodes_) {
    if (!node.interval) return std::nullopt;
    longest = std::max<Duration>(longest, std::chrono::milliseconds(*node.interval));
  }
  return longest;
}

}  // namespace jobscaler::rabbitmq
