#pragma once

#include <cstdint>
#include <string>

#include "rabbitmq/amqp_connection.h"

namespace jobscaler::bench {

/// Durable queues on the benchmark's broker, over one open connection. Everything throws
/// std::runtime_error: a benchmark whose broker fails has nothing to say.
class Queues {
 public:
  /// The private broker of scripts/bench.sh: guest on loopback.
  explicit Queues(int amqp_port);

  static RabbitmqConnection settings(int amqp_port);

  void declare(const std::string& queue);
  void remove(const std::string& queue);
  void purge(const std::string& queue);
  /// Returns when they are on their way.
  void publish(const std::string& queue, int messages);
  /// A passive declare, as the daemon's poll does it; returns the ready messages.
  std::int64_t ready(const std::string& queue);

 private:
  void check(const std::string& doing);

  rabbitmq::AmqpConnection connection_;
};

}  // namespace jobscaler::bench
