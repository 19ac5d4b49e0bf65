#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "demo/message.h"
#include "demo/options.h"

namespace jobscaler::demo {

struct Record {
  std::string topic;
  int partition = 0;
  std::int64_t offset = 0;
  Outgoing message;  ///< without an id of its own, "topic[partition]@offset" is its id
};

/// A member of a consumer group, which takes one record at a time and commits it when it is done.
/// Belongs to one thread; everything throws BrokerError.
///
/// The group shares the partitions out anew whenever a worker joins or leaves. A partition that is
/// to be given to another worker is given back when its record in hand is committed, so that nobody
/// does that again: whoever joins may have to wait for as long as one record takes. A member that
/// the group has given up (its process was frozen, or cut off) loses its partitions and the record
/// in hand at once. What changes hands is said on stdout.
class KafkaConsumer {
 public:
  /// Connects, at most 10 s, and joins the group. A topic that does not exist is an error.
  KafkaConsumer(const KafkaCluster& cluster, const std::string& topic, const std::string& group);
  /// Leaves the group.
  ~KafkaConsumer();
  KafkaConsumer(const KafkaConsumer&) = delete;
  KafkaConsumer& operator=(const KafkaConsumer&) = delete;

  /// True until the group has given this member its first share, be it nothing, and once whenever
  /// it has been given more: what lies there has not been looked at yet.
  bool share_is_new();

  /// The next record, which is then in hand; nothing if there was none until `deadline`.
  std::optional<Record> next(Clock::time_point deadline);

  /// Remains a member while the record in hand is worked on, and takes no other. Returns at
  /// `deadline`; false, and earlier, if the record is lost: another worker does it.
  bool hold(Clock::time_point deadline);

  /// Commits the record in hand, which there is then none. A broker that cannot be reached, or does
  /// not answer for the group, is tried for as long as `patience`; a group that is joining is
  /// waited for, however long that takes. Either is said on stdout. Returns why the group refused,
  /// in which case the record may be done again; nothing if it did not.
  std::optional<std::string> commit(std::chrono::milliseconds patience);

  /// Asks the broker for a sign of life: what is wrong, or nothing. A topic that is no longer there
  /// is thrown.
  std::optional<BrokerError> silence();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobscaler::demo
