#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "rabbitmq/amqp_connection.h"

namespace jobscaler::rabbitmq::test {

/// What a consumer gets to see of a message.
struct Delivery {
  std::string body;
  bool redelivered = false;
  std::optional<std::int64_t> delivery_count;  ///< header x-delivery-count (quorum queues)

  bool operator==(const Delivery&) const = default;
};

/// Declares, publishes and consumes. Throws std::runtime_error when anything goes wrong.
class TestClient {
 public:
  explicit TestClient(const RabbitmqConnection& settings);

  struct QueueOptions {
    std::string type = "classic";
    bool exclusive = false;
    int max_priority = 0;
  };
  void declare(const std::string& queue, const QueueOptions& options);
  void declare(const std::string& queue) { declare(queue, QueueOptions{}); }
  void remove(const std::string& queue);
  void purge(const std::string& queue);

  /// Persistent and confirmed: on return they are in the queue.
  void publish(const std::string& queue, const std::vector<std::string>& bodies,
               std::optional<std::uint64_t> timestamp = std::nullopt);

  /// Subscribes; at most `prefetch` (0: any number) unacknowledged. Deliveries are left unread.
  void consume(const std::string& queue, int prefetch);

  /// The next `count` deliveries of what consume() subscribed to, not acknowledged.
  std::vector<Delivery> deliveries(std::size_t count);

 private:
  void check(const char* doing);

  AmqpConnection amqp_;
  bool confirms_ = false;
  std::uint64_t published_ = 0;  // the last one's delivery tag
};

/// "m0", "m1", ...
std::vector<std::string> numbered(int count);

}  // namespace jobscaler::rabbitmq::test
