#include "kafka/lag.h"

#include <fmt/format.h>

#include <algorithm>

namespace jobscaler::kafka {
namespace {

using std::chrono::milliseconds;

// Records from before Kafka existed carry a broken clock's time.
constexpr milliseconds kYear2000{946'684'800'000};
constexpr std::size_t kNamed = 5;

bool is_lagging(const PartitionLag& lag) {
  return lag.waiting > 0;
}

std::optional<Duration> age_of(const PartitionLag& lag, WallTime now) {
  return lag.oldest_ms ? record_age(*lag.oldest_ms, now) : std::nullopt;
}

std::optional<OldestAge> oldest(const std::vector<PartitionLag>& lags, WallTime now) {
  std::optional<Duration> oldest;
  bool all_known = true;
  for (const PartitionLag& lag : lags) {
    if (!is_lagging(lag)) continue;
    const auto age = age_of(lag, now);
    if (age) oldest = std::max(oldest.value_or(Duration::zero()), *age);
    all_known = all_known && age;
  }
  if (!oldest) return std::nullopt;
  return OldestAge{*oldest, AgeMethod::record,
                   all_known ? OldestAge::Kind::upper_bound : OldestAge::Kind::lower_bound};
}

std::string ageless_hint(const std::vector<PartitionLag>& lags, WallTime now) {
  for (const PartitionLag& lag : lags) {
    if (!is_lagging(lag) || age_of(lag, now)) continue;
    const auto where = "the first record waiting in " + to_string(lag.partition);
    if (is_first_missing(lag)) {
      return where + " was not found within the connection's timeout: its age is unknown";
    }
    return fmt::format("{} carries no believable timestamp ({} ms)", where, *lag.oldest_ms);
  }
  return {};
}

std::string names(const std::vector<Partition>& partitions, std::size_t of) {
  std::string text;
  for (std::size_t i = 0; i < std::min(kNamed, partitions.size()); ++i) {
    text += (i == 0 ? "" : ", ") + to_string(partitions[i]);
  }
  if (partitions.size() > kNamed) text += ", ...";
  return fmt::format("{} ({} of {} partitions)", text, partitions.size(), of);
}

const char* counted_from(NoOffset when_no_offset) {
  return when_no_offset == NoOffset::earliest ? "counted from the log's start"
                                              : "counted as 0 until a worker has committed";
}

}  // namespace

Standing standing(const Offsets& offsets) {
  if (!offsets.committed) return Standing::no_offset;
  if (*offsets.committed < offsets.start) return Standing::below_start;
  if (offsets.later_end && *offsets.committed > *offsets.later_end) return Standing::beyond_end;
  return Standing::committed;
}

std::int64_t position(const Offsets& offsets, NoOffset when_no_offset) {
  switch (standing(offsets)) {
    case Standing::committed:
      return std::min(*offsets.committed, offsets.end);
    case Standing::no_offset:
    case Standing::below_start:
    case Standing::beyond_end:
      break;
  }
  return when_no_offset == NoOffset::earliest ? std::min(offsets.start, offsets.end) : offsets.end;
}

PartitionLag partition_lag(const Partition& partition, const Offsets& offsets,
                           NoOffset when_no_offset, const std::optional<FirstRecord>& first) {
  PartitionLag lag{partition, standing(offsets), 0, std::nullopt};
  const auto from = std::max(position(offsets, when_no_offset), first ? first->offset : 0);
  lag.waiting = std::max<std::int64_t>(offsets.end - from, 0);
  if (first) lag.oldest_ms = first->timestamp_ms;
  return lag;
}

std::optional<Duration> record_age(std::int64_t timestamp_ms, WallTime now) {
  const milliseconds stamped(timestamp_ms);
  if (stamped < kYear2000) return std::nullopt;
  const auto today = std::chrono::floor<milliseconds>(now.time_since_epoch());
  return std::max<Duration>(today - std::min(stamped, today), Duration::zero());
}

Reading make_reading(const std::vector<PartitionLag>& lags, KafkaLimit limit, TimePoint taken_at,
                     WallTime now) {
  Reading reading;
  for (const PartitionLag& lag : lags) reading.waiting += lag.waiting;
  reading.oldest = oldest(lags, now);
  reading.parallelism_limit = limit == KafkaLimit::partitions
                                  ? static_cast<std::int64_t>(lags.size())
                                  : lagging_partitions(lags);
  reading.taken_at = taken_at;
  reading.hint = ageless_hint(lags, now);
  return reading;
}

std::int64_t lagging_partitions(const std::vector<PartitionLag>& lags) {
  return std::count_if(lags.begin(), lags.end(), is_lagging);
}

bool is_first_missing(const PartitionLag& lag) {
  return is_lagging(lag) && !lag.oldest_ms;
}

std::string lag_text(const std::vector<PartitionLag>& lags) {
  std::string text;
  for (const PartitionLag& lag : lags) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", to_string(lag.partition), lag.waiting);
  }
  return text;
}

std::optional<std::string> standing_text(Standing what, const std::vector<PartitionLag>& lags,
                                         NoOffset when_no_offset) {
  std::vector<Partition> found;
  for (const PartitionLag& lag : lags) {
    if (lag.standing == what) found.push_back(lag.partition);
  }
  if (found.empty()) return std::nullopt;
  const auto where = names(found, lags.size());
  if (what == Standing::no_offset) {
    return fmt::format("has committed no offset for {}: {}", where, counted_from(when_no_offset));
  }
  if (what == Standing::below_start) {
    return fmt::format("has lost records of {} to retention before it read them: {}", where,
                       counted_from(when_no_offset));
  }
  return fmt::format(
      "has committed offsets beyond the end of {}, as when the topic was made anew: {}", where,
      counted_from(when_no_offset));
}

std::string_view standing_over_text(Standing what) {
  switch (what) {
    case Standing::committed:
    case Standing::no_offset:
      break;
    case Standing::below_start:
      return "has caught up with retention";
    case Standing::beyond_end:
      return "has no offset beyond the end any more";
  }
  return "has committed offsets for all partitions";
}

}  // namespace jobscaler::kafka
