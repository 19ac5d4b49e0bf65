#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <vector>

#include "jobscaler/clock.h"
#include "rabbitmq/depth_reader.h"
#include "rabbitmq/queue_stats.h"

namespace jobscaler::rabbitmq::test {

/// What may happen to a simulated queue.
struct World {
  bool requeue_to_tail = false;  ///< quorum queue: what comes back goes to the end; no timestamps
  bool consumers_die = false;    ///< with messages in hand, which come back
  bool nacks = false;            ///< consumers put messages back without dying
  bool priorities = false;       ///< the newest message is delivered first
  bool expiry = false;           ///< messages expire at the head
  bool length_limit = false;     ///< drop-head
  bool purges = false;
  bool restarts = false;   ///< of the broker: counters gone, messages still there
  bool uncounted = false;  ///< some arrivals are not in the publish counter (dead-lettered)
  Duration statistics_interval = std::chrono::seconds(5);  ///< collect_statistics_interval
};

/// A queue with a publisher whose rate changes and several consumers, in virtual time, with the
/// broker's statistics: each kind collected every 5 to 5.5 s with a phase of its own, the counters
/// as they are then, the sizes as the queue last told them (every `statistics_interval`). Knows the
/// truth.
class SimulatedQueue {
 public:
  SimulatedQueue(World world, std::uint32_t seed);

  void run_until(TimePoint when);
  TimePoint now() const { return now_; }

  std::int64_t ready() const { return static_cast<std::int64_t>(ready_.size()); }
  std::int64_t consumers() const { return static_cast<std::int64_t>(consumers_.size()); }
  /// Age of the oldest waiting message; absent when none waits.
  std::optional<Duration> true_age() const;

  /// What the management API would say now.
  QueueStats stats() const;

  /// Perhaps a consumer joins; to be called just before the queue is looked at. None does when one
  /// has gone since the last look, which that would hide: the documented limit of the estimators.
  void let_consumer_join();

  /// The broker restarted since the last call.
  bool take_restart() { return std::exchange(restarted_, false); }

 private:
  struct Message {
    TimePoint published;
    std::int64_t order;
  };
  struct Consumer {
    std::size_t prefetch;
    Duration work;
    std::vector<Message> in_hand;
    TimePoint busy_until;
  };

  void step();
  void change_mood();
  void publish();
  void drop_old();
  void consume(Consumer& consumer);
  void put_back(Message message);
  void kill_consumer(std::size_t index);
  void restart();
  void make_statistics();
  void tell_sizes();
  bool chance(double per_second);
  Duration uniform(double low_seconds, double high_seconds);

  World world_;
  std::mt19937 random_;
  TimePoint now_{std::chrono::hours(1)};
  std::deque<Message> ready_;
  std::vector<Consumer> consumers_;
  double rate_ = 0;   // messages per second
  double churn_ = 0;  // consumers that end or die, per second
  Duration ttl_;
  std::size_t limit_;
  std::int64_t next_order_ = 0;
  std::int64_t published_ = 0;
  std::int64_t redelivered_ = 0;
  std::vector<std::int64_t> put_back_;  // orders, to be counted when delivered again
  bool unseen_end_ = false;
  bool restarted_ = false;

  QueueStats told_;   // by the queue
  QueueStats shown_;  // by the management API
  TimePoint next_told_, next_publish_stats_, next_size_stats_, next_redeliver_stats_;
};

}  // namespace jobscaler::rabbitmq::test
