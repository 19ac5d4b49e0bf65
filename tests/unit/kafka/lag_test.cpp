#include "kafka/lag.h"

#include <catch2/catch.hpp>
#include <limits>

namespace jobscaler::kafka {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr WallTime kNow{seconds(1'700'000'000)};
const Partition kPartition{"t", 0};

std::int64_t stamped(Duration ago) {
  return std::chrono::floor<std::chrono::milliseconds>(kNow.time_since_epoch() - ago).count();
}

PartitionLag lag(int number, std::int64_t waiting, std::optional<std::int64_t> oldest_ms = {}) {
  return {{"t", number}, Standing::committed, waiting, oldest_ms};
}

std::int64_t waiting(const Offsets& offsets, NoOffset choice,
                     std::optional<FirstRecord> first = {}) {
  return partition_lag(kPartition, offsets, choice, first).waiting;
}

Reading read(const std::vector<PartitionLag>& lags) {
  return make_reading(lags, KafkaLimit::lagging_partitions, {}, kNow);
}

}  // namespace

TEST_CASE("what waits in a partition is what lies between the committed offset and the end") {
  CHECK(waiting({.start = 0, .end = 10, .committed = 4}, NoOffset::earliest) == 6);
  CHECK(waiting({.start = 0, .end = 10, .committed = 0}, NoOffset::latest) == 10);
  CHECK(waiting({.start = 10, .end = 10, .committed = 10}, NoOffset::earliest) == 0);
  CHECK(waiting({.start = 0, .end = 0, .committed = 0}, NoOffset::earliest) == 0);
}

TEST_CASE("a consumer that read on after the end was taken leaves 0, not less") {
  const Offsets overtaken{.start = 0, .end = 10, .committed = 12, .later_end = 12};
  CHECK(standing(overtaken) == Standing::committed);
  CHECK(waiting(overtaken, NoOffset::earliest) == 0);
}

TEST_CASE("without a committed offset the choice decides") {
  const Offsets none{.start = 3, .end = 10};
  CHECK(standing(none) == Standing::no_offset);
  CHECK(waiting(none, NoOffset::earliest) == 7);
  CHECK(waiting(none, NoOffset::latest) == 0);
}

TEST_CASE("what retention has taken is not counted; of what is left, the choice decides") {
  const Offsets eaten{.start = 8, .end = 10, .committed = 2};
  CHECK(standing(eaten) == Standing::below_start);
  CHECK(waiting(eaten, NoOffset::earliest) == 2);
  CHECK(waiting(eaten, NoOffset::latest) == 0);
}

TEST_CASE("an offset that was never written is one that does not exist") {
  const Offsets anew{.start = 0, .end = 4, .committed = 9, .later_end = 5};
  CHECK(standing(anew) == Standing::beyond_end);
  CHECK(waiting(anew, NoOffset::earliest) == 4);
  CHECK(waiting(anew, NoOffset::latest) == 0);
}

TEST_CASE("a log whose stable end lies before its start is empty") {
  CHECK(waiting({.start = 8, .end = 5}, NoOffset::earliest) == 0);
  CHECK(waiting({.start = 8, .end = 5, .committed = 2}, NoOffset::earliest) == 0);
}

TEST_CASE("offsets before the first record that can be read hold nothing that waits") {
  const Offsets offsets{.start = 0, .end = 10, .committed = 4};
  CHECK(waiting(offsets, NoOffset::earliest, FirstRecord{4, 1}) == 6);
  CHECK(waiting(offsets, NoOffset::earliest, FirstRecord{8, 1}) == 2);
  CHECK(waiting(offsets, NoOffset::earliest, FirstRecord{10, {}}) == 0);
  CHECK(waiting(offsets, NoOffset::earliest, FirstRecord{13, 1}) == 0);
}

TEST_CASE("a timestamp gives an age from the year 2000 on; one from the future is age zero") {
  CHECK(record_age(stamped(minutes(5)), kNow) == Duration(minutes(5)));
  CHECK(record_age(stamped(Duration::zero()), kNow) == Duration::zero());
  CHECK(record_age(stamped(-hours(1)), kNow) == Duration::zero());
  CHECK(record_age(std::numeric_limits<std::int64_t>::max(), kNow) == Duration::zero());
  CHECK(record_age(946'684'800'000, kNow).has_value());
  CHECK(record_age(946'684'799'999, kNow) == std::nullopt);
  CHECK(record_age(0, kNow) == std::nullopt);
  CHECK(record_age(-1, kNow) == std::nullopt);
  CHECK(record_age(std::numeric_limits<std::int64_t>::min(), kNow) == std::nullopt);
}

TEST_CASE("a reading adds up the partitions and takes the oldest of their first records") {
  const auto reading = read({lag(0, 3, stamped(minutes(2))), lag(1, 4, stamped(minutes(9))),
                             lag(2, 0), lag(3, 0, stamped(hours(9)))});
  Reading expected;
  expected.waiting = 7;
  expected.oldest = OldestAge{minutes(9), AgeMethod::record, OldestAge::Kind::upper_bound};
  expected.parallelism_limit = 2;
  CHECK(reading == expected);
}

TEST_CASE("nothing waiting has no age and feeds nobody") {
  const auto reading = read({lag(0, 0), lag(1, 0)});
  CHECK(reading.waiting == 0);
  CHECK(reading.oldest == std::nullopt);
  CHECK(reading.parallelism_limit == 0);
  CHECK(reading.hint.empty());
}

TEST_CASE("the limit can be all partitions") {
  const std::vector<PartitionLag> lags{lag(0, 1, stamped(seconds(1))), lag(1, 0)};
  CHECK(make_reading(lags, KafkaLimit::partitions, {}, kNow).parallelism_limit == 2);
}

TEST_CASE("a first record without a believable timestamp leaves a lower bound, or no age") {
  const auto some = read({lag(0, 1, stamped(minutes(2))), lag(1, 1, -1)});
  CHECK(some.oldest == OldestAge{minutes(2), AgeMethod::record, OldestAge::Kind::lower_bound});
  CHECK(some.hint == "the first record waiting in t/1 carries no believable timestamp (-1 ms)");
  CHECK(read({lag(1, 1, 5)}).oldest == std::nullopt);
}

TEST_CASE("a first record that was not found in time leaves the others' age as a lower bound") {
  const auto some = read({lag(0, 1, stamped(minutes(2))), lag(1, 1)});
  CHECK(some.oldest == OldestAge{minutes(2), AgeMethod::record, OldestAge::Kind::lower_bound});
  CHECK(some.hint ==
        "the first record waiting in t/1 was not found within the connection's timeout: its age is "
        "unknown");
}

TEST_CASE("standings are told with at most five partitions by name") {
  std::vector<PartitionLag> lags;
  for (int i = 0; i < 7; ++i) lags.push_back({{"t", i}, Standing::no_offset, 0, {}});
  lags.push_back({{"u", 0}, Standing::below_start, 0, {}});
  CHECK(standing_text(Standing::no_offset, lags, NoOffset::latest) ==
        "has committed no offset for t/0, t/1, t/2, t/3, t/4, ... (7 of 8 partitions): counted as "
        "0 until a worker has committed");
  CHECK(standing_text(Standing::below_start, lags, NoOffset::latest) ==
        "has lost records of u/0 (1 of 8 partitions) to retention before it read them: counted as "
        "0 until a worker has committed");
  CHECK(standing_text(Standing::below_start, lags, NoOffset::earliest) ==
        "has lost records of u/0 (1 of 8 partitions) to retention before it read them: counted "
        "from the log's start");
  CHECK(standing_text(Standing::beyond_end, lags, NoOffset::latest) == std::nullopt);
  lags.push_back({{"v", 0}, Standing::beyond_end, 0, {}});
  CHECK(standing_text(Standing::beyond_end, lags, NoOffset::earliest) ==
        "has committed offsets beyond the end of v/0 (1 of 9 partitions), as when the topic was "
        "made anew: counted from the log's start");
}

}  // namespace jobscaler::kafka
