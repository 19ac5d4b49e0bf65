#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "jobscaler/engine.h"
#include "rabbitmq/amqp_connection.h"
#include "rabbitmq/backoff.h"
#include "rabbitmq/depth_reader.h"
#include "rabbitmq/outage.h"

namespace jobscaler::rabbitmq {

/// Keeps one AMQP connection open as well as it can. Belongs to one thread, which calls tend()
/// whenever socket() is readable or next_attention() has come.
///
/// A connection that worked and broke is replaced at once; attempts that fail, and a connection
/// that breaks before it answered anything or by not answering in time, are followed by a pause.
class Link {
 public:
  /// `tell` is handed what people should know: the first failure, other failures, recovery.
  Link(const RabbitmqConnection& settings, Interrupt& interrupt,
       std::function<void(Level, std::string)> tell);

  /// Sends heartbeats, notices losses, connects when it is time to.
  void tend();

  /// Calls `on_answer` for every queue exactly once, with the last error for those that could not
  /// be asked. Does not connect while pausing. If the connection turns out to be lost, the rest is
  /// asked again on a new one.
  void read(const std::vector<std::string>& queues,
            const std::function<void(std::size_t, Result<Depth>)>& on_answer);

  int socket() const { return amqp_ ? amqp_->socket() : -1; }
  TimePoint next_attention() const;

  /// How many connections were lost so far. What happened to the queues meanwhile was not seen.
  std::uint64_t losses() const { return losses_; }

  /// Says good-bye to the broker.
  void close();

 private:
  void connect();
  void lose(const Error& error, bool retry_at_once);
  void tell_failure(const Error& error);

  const RabbitmqConnection& settings_;
  Interrupt& interrupt_;
  std::function<void(Level, std::string)> tell_;
  std::optional<AmqpConnection> amqp_;
  bool proven_ = false;  // this connection has answered
  std::uint64_t losses_ = 0;
  Error last_error_{ErrorKind::unavailable, "not connected yet"};
  TimePoint next_attempt_{};
  TimePoint next_pump_{};
  Backoff backoff_;
  Outage outage_;
};

}  // namespace jobscaler::rabbitmq
