#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "jobscaler/result.h"
#include "kafka/connection.h"
#include "kafka/handle.h"
#include "kafka/lag.h"

namespace jobscaler::kafka {

/// The answers of one round.
struct Round {
  TimePoint taken_at{};                                           ///< when the first request left
  std::map<std::string, Result<std::vector<PartitionLag>>> lags;  ///< by scaler
  std::optional<Error> unreachable;  ///< set: the cluster did not answer at all
};

/// A Kafka cluster, asked by somebody who is no member of any group. Belongs to one thread; read()
/// blocks for at most four timeouts.
///
/// The logs' ends are taken before the committed offsets, or a fast consumer would look as if it
/// had read what is not there. What one broker or one group fails to answer fails the scalers that
/// need it, and no others: whoever failed the last time is asked last.
class Cluster {
 public:
  Cluster(KafkaConnection settings, const std::vector<Group>& groups);

  /// Other groups from now on; what is known of those that are the same is kept.
  void set_groups(const std::vector<Group>& groups);

  /// REQUIRES: `scalers` are among the groups' scalers.
  Round read(const std::vector<std::string>& scalers);

 private:
  /// A scaler's part of a round.
  struct Task {
    const Group* group = nullptr;
    FirstRecords* known = nullptr;
    std::map<Partition, Offsets> offsets;
    std::optional<Error> error;
  };
  using Tasks = std::map<std::string, Task>;
  using LogBatch = std::map<Isolation, std::set<Partition>>;

  std::optional<Error> find_partitions(Tasks& tasks);
  void find_partitions_of(Task& task, const std::map<std::string, Result<Leaders>>& topics);

  void take_ends(Tasks& tasks);
  bool take_ends(Tasks& tasks, const LogBatch& batch, const Deadline& deadline);
  bool is_led(const Task& task, std::int32_t leader) const;
  void take_committed(Tasks& tasks);
  bool take_committed(const std::string& group, const std::vector<Task*>& tasks,
                      const Deadline& deadline);
  void check_beyond_end(const std::vector<Task*>& tasks, const Deadline& deadline);
  void find_first_records(Tasks& tasks);
  bool find_some_first_records(const std::vector<Task*>& tasks, Isolation isolation,
                               const Deadline& deadline);

  LogOffsets log_offsets(Isolation isolation, const std::set<Partition>& partitions,
                         Handle::LogEnd which, const Deadline& deadline);
  Result<Handle*> log_handle(Isolation isolation);
  Result<Handle*> group_handle(const std::string& group);

  const KafkaConnection settings_;
  std::map<std::string, Group> groups_;                // by scaler
  std::map<std::string, FirstRecords> first_records_;  // by scaler
  std::map<Isolation, std::unique_ptr<Handle>> log_handles_;
  std::map<std::string, std::unique_ptr<Handle>> group_handles_;  // by group
  std::map<Partition, std::int32_t> leaders_;                     // as this round found them
  std::set<std::int32_t> silent_leaders_;  // failed the last time they were asked
  std::set<std::string> silent_groups_;
  std::set<std::string> late_;  // scalers whose first records did not come in time
};

}  // namespace jobscaler::kafka
