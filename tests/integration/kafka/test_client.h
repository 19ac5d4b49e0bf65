#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kafka/partition.h"

namespace jobscaler::kafka::test {

using TopicConfig = std::map<std::string, std::string>;

/// What a test does to a cluster: as an administrator, a producer and a consumer. Every call waits
/// for its effect and throws std::runtime_error on failure.
class TestClient {
 public:
  explicit TestClient(const std::string& brokers);
  ~TestClient();

  /// On a mock cluster the topic comes by being written to; see MockCluster.
  void create_topic(const std::string& topic, int partitions, const TopicConfig& config = {});
  void delete_topic(const std::string& topic);
  void add_partitions(const std::string& topic, int total);
  /// From then on, those who have been let alone may.
  void let_describe_group(const std::string& user, const std::string& group);
  /// As retention does.
  void delete_records(const Partition& partition, std::int64_t before);

  /// `timestamp_ms` 0: now. A record without a value is a tombstone.
  void produce(const Partition& partition, int count, std::int64_t timestamp_ms = 0);
  void produce_keyed(const Partition& partition, const std::string& key, const std::string& value);

  /// Commits without being a member.
  void commit(const std::string& group, const Partition& partition, std::int64_t offset);
  /// -1001: none.
  std::int64_t committed(const std::string& group, const Partition& partition);

  /// "Stable", "Empty", "Dead", ..., and how many members.
  struct GroupState {
    std::string state;
    int members = 0;
    bool operator==(const GroupState&) const = default;
  };
  GroupState group_state(const std::string& group);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// An open transaction.
class Transaction {
 public:
  explicit Transaction(const std::string& brokers);
  ~Transaction();  // leaves it open, if it is

  void produce(const Partition& partition, int count);
  void commit();
  void abort();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A real member of a group, which takes records and commits when it is told to.
class Member {
 public:
  Member(const std::string& brokers, const std::string& group, const std::string& topic);
  ~Member();  // leaves the group

  /// The next record's offset; waits for it.
  std::int64_t take();
  void commit();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// A name nobody has used yet.
std::string new_name(const std::string& hint);

}  // namespace jobscaler::kafka::test
