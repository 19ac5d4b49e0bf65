#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "demo/message.h"
#include "demo/options.h"

namespace jobscaler::demo {

/// An idempotent producer: what is confirmed is in the topic, once. Belongs to one thread;
/// everything throws BrokerError.
class KafkaProducer {
 public:
  /// Connects; at most 10 s.
  explicit KafkaProducer(const KafkaCluster& cluster);
  ~KafkaProducer();
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;

  /// Creates the topic with `partitions` if it is not there; 0: it has to be. One with another
  /// number of partitions is an error. Returns how many it has.
  int need_topic(const std::string& topic, int partitions = 0);

  /// With id, requested work and the time of now. Returns when the message is on its way;
  /// librdkafka may first have to wait for confirms, at most 30 s, if the unconfirmed ones take all
  /// the room.
  void publish(const std::string& topic, int partition, const Outgoing& message);
  /// To a partition of librdkafka's choice: that of the key, if there is one.
  void publish(const std::string& topic, const Outgoing& message);
  /// Messages published and not yet confirmed.
  std::size_t unconfirmed() const;

  /// Takes in what the broker says; false when it said nothing until `deadline`.
  bool wait(Clock::time_point deadline);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobscaler::demo
