#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "demo/message.h"
#include "demo/url.h"

struct amqp_connection_state_t_;

namespace jobscaler::demo {

struct Delivery {
  std::uint64_t tag = 0;
  std::string id;  ///< "-" if the publisher gave none
  bool redelivered = false;
  std::chrono::milliseconds work{0};  ///< what the message asks for
};

/// One connection with one channel, of one thread. rabbitmq-c has no thread of its own: heartbeats
/// are sent and noticed only inside these calls, so whoever is busy for long spends that time in
/// wait(). Everything throws BrokerError; the object is then good for nothing but destruction.
class AmqpBroker {
 public:
  /// Connects and logs in; at most 10 s.
  explicit AmqpBroker(const Address& address);
  ~AmqpBroker();
  AmqpBroker(const AmqpBroker&) = delete;
  AmqpBroker& operator=(const AmqpBroker&) = delete;

  enum class QueueType { classic, quorum };
  /// A durable queue. An existing one of another type is an error.
  void declare(const std::string& queue, QueueType type);

  /// From here on publish() is confirmed by the broker.
  void confirm_publishes();
  /// Persistent, with id and timestamp. Returns when the message is on its way.
  void publish(const std::string& queue, const Outgoing& message);
  /// Messages published and not yet confirmed.
  std::size_t unconfirmed() const { return unconfirmed_.size(); }

  /// Starts deliveries, at most `prefetch` not yet acknowledged.
  void consume(const std::string& queue, int prefetch);
  /// No further deliveries; those that are on their way are still taken in. Whoever acknowledges
  /// their last message first is sent another, which then counts as redelivered.
  void cancel();
  void ack(std::uint64_t tag);

  /// Takes in the next thing the broker says; false when it said nothing until `deadline`.
  bool wait(Clock::time_point deadline);

  /// The next message that has been taken in, or nothing.
  std::optional<Delivery> next();

 private:
  struct Close {
    void operator()(amqp_connection_state_t_* connection) const;
  };

  void open_socket(const Address& address);
  void log_in(const Address& address);
  /// Throws unless the last synchronous call went well; `doing` is what it was to do.
  void check_reply(const std::string& doing) const;
  void check_status(int status, const std::string& doing) const;
  [[noreturn]] void fail(ErrorKind kind, const std::string& text) const;
  [[noreturn]] void fail_closed(std::uint32_t method, const void* arguments,
                                const std::string& doing) const;

  void handle(std::uint32_t method, const void* arguments);
  void take_delivery(std::uint64_t tag, bool redelivered);
  void take_confirm(std::uint64_t tag, bool multiple);

  std::string name_;
  std::unique_ptr<amqp_connection_state_t_, Close> connection_;
  std::uint64_t published_ = 0;
  std::set<std::uint64_t> unconfirmed_;
  std::deque<Delivery> deliveries_;
};

}  // namespace jobscaler::demo
