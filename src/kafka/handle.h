#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobscaler/clock.h"
#include "jobscaler/result.h"
#include "kafka/first_records.h"
#include "kafka/partition.h"
#include "kafka/properties.h"

namespace jobscaler::kafka {

/// A topic's partitions by number, each with the broker that leads it; -1: none does.
using Leaders = std::vector<std::int32_t>;
using Positions = std::map<Partition, std::int64_t>;
using LogOffsets = std::map<Partition, Result<std::int64_t>>;

/// By when a call must be over.
struct Deadline {
  explicit Deadline(Duration whole) : timeout(whole), at(BootClock::now() + whole) {}

  Duration timeout;
  TimePoint at;
};

/// A librdkafka consumer that never subscribes and never commits: the owner of everything that is
/// librdkafka. Belongs to one thread; librdkafka adds four or more of its own.
///
/// Every call ends at its deadline, and asks nothing if that has passed. Errors name the brokers,
/// what was being done, and if nobody answers, what librdkafka last had to say about it; kinds as
/// error_kind() gives them.
class Handle {
 public:
  /// Connects in the background. Error: rejected, with librdkafka's words about a property.
  static Result<std::unique_ptr<Handle>> open(const Properties& properties);
  ~Handle();
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  /// The topics as they are now; not_found for those that do not exist. Creates none.
  Result<std::map<std::string, Result<Leaders>>> topics(const std::vector<std::string>& names,
                                                        const Deadline& deadline);

  enum class LogEnd { start, end };
  /// If one leader fails, all partitions get its error; one that does not exist, its own.
  LogOffsets log_offsets(const std::vector<Partition>& partitions, LogEnd which,
                         const Deadline& deadline);

  /// What the handle's group has committed, where it has.
  Result<Positions> committed(const std::vector<Partition>& partitions, const Deadline& deadline);

  /// The first record at or after each position, without those that had not come by the deadline.
  std::map<Partition, Result<FirstRecord>> first_records(const Positions& positions,
                                                         const Deadline& deadline);

 private:
  class Impl;
  explicit Handle(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace jobscaler::kafka
