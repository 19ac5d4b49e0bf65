#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace jobscaler::kafka {

struct Partition {
  std::string topic;
  std::int32_t number = 0;

  auto operator<=>(const Partition&) const = default;
};

/// "orders/3"
inline std::string to_string(const Partition& partition) {
  return partition.topic + "/" + std::to_string(partition.number);
}

}  // namespace jobscaler::kafka
