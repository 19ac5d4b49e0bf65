#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "jobscaler/result.h"
#include "rabbitmq/queue_state.h"

namespace jobscaler::rabbitmq {

/// What the management API said about a queue, or why it said nothing.
struct StatsAnswer {
  std::string queue;  ///< empty: about the broker's nodes, and the sample holds nothing
  Result<StatsSample> sample;
  bool whole_api = false;  ///< the error is not this queue's alone
};

/// Asks a broker's management API about queues without ever making the caller wait: request()
/// returns at once, and take() hands over the answers that have come. Thread-safe.
///
/// One request per queue, at most eight at a time; beyond 200 queues one listing of the vhost,
/// which costs the broker as much as about 200 single requests. A queue that has no answer yet, or
/// had one within the last second (a listing: 5 s), is not asked about again: the broker's
/// statistics are not newer than that. Beside the queues the nodes are asked about, to learn how
/// often the broker makes its statistics.
class Management {
 public:
  /// REQUIRES: settings.management
  explicit Management(const RabbitmqConnection& settings);
  ~Management();  // stop()

  void request(const std::vector<std::string>& queues);
  std::vector<StatsAnswer> take();

  /// One queue, now; blocks for at most about the settings' timeout.
  Result<StatsSample> read(const std::string& queue);

  /// Whether it answers this user at all; blocks like read().
  Result<bool> probe();

  /// Cancels what is under way and what is to come. Any thread.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// What an HTTP status of the management API means; `what` is "queue 'orders'" or "vhost '/'".
Error management_error(const RabbitmqConnection& settings, int status, const std::string& what);

}  // namespace jobscaler::rabbitmq
