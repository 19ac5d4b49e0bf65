#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "demo/message.h"
#include "demo/options.h"

namespace jobscaler::demo {

/// Where messages are published to. Belongs to one thread; everything throws BrokerError.
class Destination {
 public:
  virtual ~Destination() = default;

  /// "queue 'orders'"
  virtual std::string describe() const = 0;
  /// Returns when the message is on its way.
  virtual void send(const Outgoing& message) = 0;
  /// Messages sent and not yet confirmed by the broker.
  virtual std::size_t unconfirmed() const = 0;
  /// Takes in what the broker says; false when it said nothing until `deadline`.
  virtual bool wait(Clock::time_point deadline) = 0;
};

/// Declares the queue.
std::unique_ptr<Destination> open_destination(const PublishToQueue& queue);
/// Creates the topic, if it is not there.
std::unique_ptr<Destination> open_destination(const PublishToTopic& topic);

}  // namespace jobscaler::demo
