#include "demo/destination.h"

#include <fmt/format.h>

#include "demo/amqp_broker.h"
#include "demo/kafka_producer.h"

namespace jobscaler::demo {
namespace {

class Queue : public Destination {
 public:
  explicit Queue(const PublishToQueue& options) : queue_(options.queue), broker_(options.broker) {
    using Type = AmqpBroker::QueueType;
    broker_.declare(queue_, options.quorum ? Type::quorum : Type::classic);
    broker_.confirm_publishes();
  }

  std::string describe() const override { return fmt::format("queue '{}'", queue_); }
  void send(const Outgoing& message) override { broker_.publish(queue_, message); }
  std::size_t unconfirmed() const override { return broker_.unconfirmed(); }
  bool wait(Clock::time_point deadline) override { return broker_.wait(deadline); }

 private:
  std::string queue_;
  AmqpBroker broker_;
};

/// One partition after the other.
class Topic : public Destination {
 public:
  explicit Topic(const PublishToTopic& options)
      : topic_(options.topic),
        producer_(options.cluster),
        partitions_(producer_.need_topic(topic_, options.partitions)) {}

  std::string describe() const override {
    return fmt::format("topic '{}' ({} partition{})", topic_, partitions_,
                       partitions_ == 1 ? "" : "s");
  }
  void send(const Outgoing& message) override {
    producer_.publish(topic_, next_++ % partitions_, message);
  }
  std::size_t unconfirmed() const override { return producer_.unconfirmed(); }
  bool wait(Clock::time_point deadline) override { return producer_.wait(deadline); }

 private:
  std::string topic_;
  KafkaProducer producer_;
  int partitions_;
  int next_ = 0;
};

}  // namespace

std::unique_ptr<Destination> open_destination(const PublishToQueue& queue) {
  return std::make_unique<Queue>(queue);
}

std::unique_ptr<Destination> open_destination(const PublishToTopic& topic) {
  return std::make_unique<Topic>(topic);
}

}  // namespace jobscaler::demo
