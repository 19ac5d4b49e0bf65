#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "kafka/partition.h"

namespace jobscaler::kafka {

/// The first record at or after an offset, or how far there is none.
struct FirstRecord {
  std::int64_t offset = 0;  ///< the record's; without one, where the readable part of the log ends
  std::optional<std::int64_t> timestamp_ms;  ///< as the record carries it, -1 included; absent:
                                             ///< no record

  bool operator==(const FirstRecord&) const = default;
};

/// What the log of each partition was found to hold at the offsets a group stood at. A partition is
/// read again only when the group has moved past what is known, or records may have come where none
/// were. Does no I/O. Not thread-safe.
class FirstRecords {
 public:
  /// A partition's log is [start, end). Forgets what is known if it is another log than before, as
  /// offsets that run backwards give away.
  void log_is(const Partition& partition, std::int64_t start, std::int64_t end);

  /// From where to read to learn the first record at or after `position`; absent: it is known, or
  /// known not to exist below the end. REQUIRES: log_is() was called.
  std::optional<std::int64_t> to_read(const Partition& partition, std::int64_t position) const;

  /// What was found at or after `from`, which to_read() gave for `position`.
  void found(const Partition& partition, std::int64_t position, std::int64_t from,
             const FirstRecord& first);

  /// Absent: not known. A record at or after the end came after the end was taken.
  std::optional<FirstRecord> first(const Partition& partition, std::int64_t position) const;

 private:
  struct Known {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::int64_t from = 0;             // nothing to read in [from, first->offset)
    std::optional<FirstRecord> first;  // absent: nothing known
  };

  std::map<Partition, Known> partitions_;
};

}  // namespace jobscaler::kafka
