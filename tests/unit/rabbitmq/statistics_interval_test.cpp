#include "rabbitmq/statistics_interval.h"

#include <catch2/catch.hpp>

namespace jobscaler::rabbitmq {

using std::chrono::milliseconds;

TEST_CASE("the statistics interval is the least time between two uptimes of a node") {
  StatisticsInterval interval;
  CHECK(interval.longest() == std::nullopt);
  interval.take({{"a", 10'000}});
  interval.take({{"a", 10'000}});
  CHECK(interval.longest() == std::nullopt);
  interval.take({{"a", 20'010}});  // one was missed
  CHECK(interval.longest() == milliseconds(10'010));
  interval.take({{"a", 25'012}});
  CHECK(interval.longest() == milliseconds(5'002));
  interval.take({{"a", 35'000}});
  CHECK(interval.longest() == milliseconds(5'002));
}

TEST_CASE("of several nodes the longest statistics interval counts, when it is known of all") {
  StatisticsInterval interval;
  interval.take({{"a", 1000}, {"b", 7000}});
  interval.take({{"a", 6000}, {"b", 7000}});
  CHECK(interval.longest() == std::nullopt);
  interval.take({{"a", 6000}, {"b", 37'000}});
  CHECK(interval.longest() == milliseconds(30'000));
  interval.take({{"a", 11'000}});
  CHECK(interval.longest() == milliseconds(5000));
}

TEST_CASE("a node that was started again may have another statistics interval") {
  StatisticsInterval interval;
  interval.take({{"a", 10'000}});
  interval.take({{"a", 15'000}});
  interval.take({{"a", 3000}});
  CHECK(interval.longest() == std::nullopt);
  interval.take({{"a", 33'000}});
  CHECK(interval.longest() == milliseconds(30'000));
}

}  // namespace jobscaler::rabbitmq
