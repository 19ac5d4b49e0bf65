#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "config/config.h"
#include "jobscaler/ports.h"

namespace jobscaler::kafka {

/// A scaler's consumer group on a connection, and the topics it reads.
struct Group {
  std::string scaler;
  std::string group;
  std::vector<std::string> topics;
  NoOffset when_no_offset = NoOffset::earliest;
  Isolation isolation = Isolation::read_committed;
  KafkaLimit limit_to = KafkaLimit::lagging_partitions;

  bool operator==(const Group&) const = default;
};

/// One Kafka cluster and the thread that asks it, shared by the scalers that name it. librdkafka
/// adds its own threads: four or more per group, and as many for reading logs.
///
/// read() may be called from any thread. All requests that have come in meanwhile are answered in
/// one round, with one ReadingTaken each; scalers that failed the last time, or took all of the
/// time, in a second one. Each of the four steps of a round (listing partitions, ends of logs,
/// committed offsets, first records) has the connection's `timeout`; librdkafka reconnects on its
/// own account. A request is never left unanswered, unless stop() comes first.
///
/// What is out of the ordinary is posted as one Note when it begins and one when it is over, with
/// subject "kafka <name>"; the lag of each partition is posted with every reading, as debug.
class Connection : public SourcePort {
 public:
  /// Starts the thread; connects with the first reading. `outbox` must outlive the connection.
  Connection(KafkaConnection settings, const std::vector<Group>& groups, Outbox& outbox);
  ~Connection() override;  // stop()
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// REQUIRES: `scaler` is one of the groups' scalers; other names are ignored.
  void read(const std::string& scaler) override;

  /// Reads these groups from now on; whatever is known of those that are the same is kept. Of one
  /// that is not, no reading is posted afterwards: a request that is under way stays unanswered.
  /// Any thread.
  void set_groups(const std::vector<Group>& groups);

  /// Nothing is posted afterwards. Waits for the thread, but not longer than a second: librdkafka's
  /// calls cannot be interrupted, so one that waits for a frozen broker is left behind, with all it
  /// needs, and ends by its deadline.
  void stop();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // shared with the thread
  std::thread thread_;
};

/// For `jobscaler check --connect`: whether the brokers can be reached and logged in to, and what
/// each group looks like. Blocks; takes at most four timeouts.
std::vector<CheckLine> check(const KafkaConnection& settings, const std::vector<Group>& groups);

}  // namespace jobscaler::kafka
