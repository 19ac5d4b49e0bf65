#include "kafka/first_records.h"

#include <catch2/catch.hpp>

namespace jobscaler::kafka {
namespace {

const Partition kPartition{"t", 0};

FirstRecords log(std::int64_t start, std::int64_t end) {
  FirstRecords records;
  records.log_is(kPartition, start, end);
  return records;
}

}  // namespace

TEST_CASE("a partition is read once for each place its group stands at") {
  auto records = log(0, 10);
  CHECK(records.to_read(kPartition, 4) == 4);
  records.found(kPartition, 4, 4, {4, 1000});
  CHECK(records.to_read(kPartition, 4) == std::nullopt);
  CHECK(records.first(kPartition, 4) == FirstRecord{4, 1000});
  CHECK(records.to_read(kPartition, 5) == 5);
  CHECK(records.first(kPartition, 5) == std::nullopt);
  CHECK(records.to_read(kPartition, 3) == 3);
}

TEST_CASE("nothing is read where the log has ended") {
  CHECK(log(0, 10).to_read(kPartition, 10) == std::nullopt);
  CHECK(log(10, 10).to_read(kPartition, 10) == std::nullopt);
}

TEST_CASE("new records do not make a known first one be read again") {
  auto records = log(0, 10);
  records.found(kPartition, 4, 4, {4, 1000});
  records.log_is(kPartition, 0, 1000);
  CHECK(records.to_read(kPartition, 4) == std::nullopt);
}

TEST_CASE("a gap is remembered: a group that moves within it is not read for again") {
  auto records = log(0, 10);
  records.found(kPartition, 4, 4, {8, 1000});
  CHECK(records.first(kPartition, 6) == FirstRecord{8, 1000});
  CHECK(records.to_read(kPartition, 6) == std::nullopt);
  CHECK(records.to_read(kPartition, 8) == std::nullopt);
  CHECK(records.to_read(kPartition, 9) == 9);
}

TEST_CASE(
    "that nothing is there is remembered until more comes, and what was looked at is not again") {
  auto records = log(0, 10);
  records.found(kPartition, 4, 4, {10, {}});
  CHECK(records.to_read(kPartition, 4) == std::nullopt);
  CHECK(records.first(kPartition, 4) == FirstRecord{10, {}});

  records.log_is(kPartition, 0, 12);
  CHECK(records.to_read(kPartition, 4) == 10);
  records.found(kPartition, 4, 10, {11, 2000});
  CHECK(records.to_read(kPartition, 4) == std::nullopt);
  CHECK(records.first(kPartition, 4) == FirstRecord{11, 2000});
}

TEST_CASE("a log that runs backwards is another log") {
  const auto [start, end] = GENERATE(table<std::int64_t, std::int64_t>({{2, 9}, {1, 10}}));
  auto records = log(2, 10);
  records.found(kPartition, 4, 4, {4, 1000});
  records.log_is(kPartition, start, end);
  CHECK(records.to_read(kPartition, 4) == 4);
  CHECK(records.first(kPartition, 4) == std::nullopt);
}

TEST_CASE("partitions are told apart by topic and number") {
  auto records = log(0, 10);
  const Partition other{"t", 1}, another{"u", 0};
  records.log_is(other, 0, 10);
  records.log_is(another, 0, 10);
  records.found(kPartition, 4, 4, {4, 1000});
  CHECK(records.to_read(other, 4) == 4);
  CHECK(records.to_read(another, 4) == 4);
}

}  // namespace jobscaler::kafka
