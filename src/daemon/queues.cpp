#include "daemon/queues.h"

namespace jobscaler::daemon {

std::vector<rabbitmq::Queue> queues_on(const std::string& connection, const Config& config) {
  std::vector<rabbitmq::Queue> queues;
  for (const ScalerConfig& scaler : config.scalers) {
    if (scaler.rabbitmq.connection != connection) continue;
    queues.push_back({.scaler = scaler.spec.name,
                      .queue = scaler.rabbitmq.queue,
                      .age = scaler.rabbitmq.age,
                      .poll_interval = scaler.spec.poll_interval});
  }
  return queues;
}

}  // namespace jobscaler::daemon
