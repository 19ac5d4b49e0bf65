#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "jobscaler/reading.h"
#include "kafka/first_records.h"
#include "kafka/partition.h"

namespace jobscaler::kafka {

using WallTime = std::chrono::system_clock::time_point;

/// Where a group stands in a partition.
enum class Standing {
  committed,
  no_offset,    ///< it has committed no offset
  below_start,  ///< what it would read next is no longer in the log: retention was faster
  beyond_end,   ///< what it would read next was never written: the topic was made anew
};

/// What a broker says of a partition and a group.
struct Offsets {
  std::int64_t start = 0;  ///< of the first record still in the log
  std::int64_t end = 0;    ///< of the next record; of the first unstable one with
                           ///< isolation read_committed
  std::optional<std::int64_t> committed = {};  ///< taken after `end`
  std::optional<std::int64_t> later_end = {};  ///< taken after `committed`, if that was beyond
                                               ///< `end`; unstable records included
};

Standing standing(const Offsets& offsets);

/// The offset a consumer of the group would go on reading at, within [start, end]. Where there is
/// none to go on at, or it is not in the log, `when_no_offset` decides, as the consumer's
/// auto.offset.reset does.
std::int64_t position(const Offsets& offsets, NoOffset when_no_offset);

/// What waits in a partition for a group.
struct PartitionLag {
  Partition partition;
  Standing standing = Standing::committed;
  std::int64_t waiting = 0;
  std::optional<std::int64_t> oldest_ms;  ///< timestamp of the first; absent: there is none, or
                                          ///< it was not found in time
};

/// Records from `position` to the end that may be there to be read. Transaction markers, aborted
/// and compacted records count as long as a readable one precedes them; with none, or none before
/// the end, nothing waits. `first` absent: not asked for, as nothing could wait, or not found in
/// time: then all of them count.
PartitionLag partition_lag(const Partition& partition, const Offsets& offsets,
                           NoOffset when_no_offset, const std::optional<FirstRecord>& first);

/// The age a record's timestamp gives. A timestamp from the future is age zero; one from before the
/// year 2000, -1 (none) included, gives no age.
std::optional<Duration> record_age(std::int64_t timestamp_ms, WallTime now);

/// All partitions of a scaler's group. The age is that of the oldest first record; records in work
/// are included, as they are not committed yet: an upper bound for those that wait. If a
/// partition's first record has no believable timestamp, or was not found in time, the age of the
/// others' oldest is a lower bound.
Reading make_reading(const std::vector<PartitionLag>& lags, KafkaLimit limit, TimePoint taken_at,
                     WallTime now);

std::int64_t lagging_partitions(const std::vector<PartitionLag>& lags);

/// Whether a record waits that was not found in time.
bool is_first_missing(const PartitionLag& lag);

/// For the log: "orders/0 12, orders/1 0".
std::string lag_text(const std::vector<PartitionLag>& lags);

/// What is special about the partitions that stand like this, in words for people; absent if none
/// does. REQUIRES: what != Standing::committed
std::optional<std::string> standing_text(Standing what, const std::vector<PartitionLag>& lags,
                                         NoOffset when_no_offset);

/// Its end: "has committed offsets for all partitions now". REQUIRES: what != Standing::committed
std::string_view standing_over_text(Standing what);

}  // namespace jobscaler::kafka
