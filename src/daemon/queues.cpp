#include "daemon/queues.h"

#include <variant>

namespace jobscaler::daemon {

std::vector<rabbitmq::Queue> queues_on(const std::string& connection, const Config& config) {
  std::vector<rabbitmq::Queue> queues;
  for (const ScalerConfig& scaler : config.scalers) {
    const auto* source = std::get_if<RabbitmqSource>(&scaler.source);
    if (source == nullptr || source->connection != connection) continue;
    queues.push_back({.scaler = scaler.spec.name,
                      .queue = source->queue,
                      .age = source->age,
                      .poll_interval = scaler.spec.poll_interval});
  }
  return queues;
}

std::vector<kafka::Group> groups_on(const std::string& connection, const Config& config) {
  std::vector<kafka::Group> groups;
  for (const ScalerConfig& scaler : config.scalers) {
    const auto* source = std::get_if<KafkaSource>(&scaler.source);
    if (source == nullptr || source->connection != connection) continue;
    groups.push_back({.scaler = scaler.spec.name,
                      .group = source->group,
                      .topics = source->topics,
                      .when_no_offset = source->when_no_offset,
                      .isolation = source->isolation,
                      .limit_to = source->limit_to});
  }
  return groups;
}

}  // namespace jobscaler::daemon
