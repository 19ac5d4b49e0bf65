#include "kafka/first_records.h"

namespace jobscaler::kafka {

void FirstRecords::log_is(const Partition& partition, std::int64_t start, std::int64_t end) {
  Known& known = partitions_[partition];
  if (start < known.start || end < known.end) known.first.reset();
  known.start = start;
  known.end = end;
}

std::optional<FirstRecord> FirstRecords::first(const Partition& partition,
                                               std::int64_t position) const {
  const Known& known = partitions_.at(partition);
  if (!known.first || position < known.from || position > known.first->offset) return std::nullopt;
  return known.first;
}

std::optional<std::int64_t> FirstRecords::to_read(const Partition& partition,
                                                  std::int64_t position) const {
  const Known& known = partitions_.at(partition);
  if (position >= known.end) return std::nullopt;
  const auto first = this->first(partition, position);
  if (!first) return position;
  const bool settled = first->timestamp_ms || first->offset >= known.end;
  if (settled) return std::nullopt;
  return first->offset;  // all before it has been looked at
}

void FirstRecords::found(const Partition& partition, std::int64_t position, std::int64_t from,
                         const FirstRecord& first) {
  Known& known = partitions_.at(partition);
  if (from == position) known.from = position;
  known.first = first;
}

}  // namespace jobscaler::kafka
