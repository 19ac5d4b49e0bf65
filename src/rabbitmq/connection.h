#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "jobscaler/ports.h"

namespace jobscaler::rabbitmq {

/// A scaler's queue on a connection.
struct Queue {
  std::string scaler;
  std::string queue;
  AgeChoice age = AgeChoice::automatic;
  Duration poll_interval = std::chrono::seconds(5);

  bool operator==(const Queue&) const = default;
};

/// One AMQP connection and its thread, shared by the scalers that name it; with the management API
/// configured, also the requests to that.
///
/// read() may be called from any thread. All requests that have come in meanwhile are answered in
/// one pipelined exchange with one ReadingTaken each. While the connection is down a request is
/// answered at once with the error of the last attempt (during an attempt, with that one's result);
/// attempts are made on the connection's own account with backoff (0.5 s to 30 s, jittered). A
/// request is never left unanswered, unless stop() comes first.
///
/// What goes wrong with the connection or the management API is posted as one Note when it begins
/// and one when it is over, with subject "rabbitmq <name>".
class Connection : public SourcePort {
 public:
  /// Starts the thread, which connects at once. `outbox` must outlive the connection.
  Connection(RabbitmqConnection settings, const std::vector<Queue>& queues, Outbox& outbox);
  ~Connection() override;  // stop()
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// REQUIRES: `scaler` is one of the queues' scalers; other names are ignored.
  void read(const std::string& scaler) override;

  /// Reads these queues from now on; whatever is known of those that are the same is kept. Of one
  /// that is not, nothing is posted afterwards: a request that is under way stays unanswered. Any
  /// thread.
  void set_queues(const std::vector<Queue>& queues);

  /// Gets the thread out of whatever it is in and waits for it. Nothing is posted afterwards.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// For `jobscaler check --connect`: whether the broker can be reached and logged in to, what each
/// queue looks like, and which ages it will get. Blocks; takes at most a few timeouts.
std::vector<CheckLine> check(const RabbitmqConnection& settings, const std::vector<Queue>& queues);

}  // namespace jobscaler::rabbitmq
