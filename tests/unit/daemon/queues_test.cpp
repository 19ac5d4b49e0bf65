#include "daemon/queues.h"

#include <catch2/catch.hpp>

namespace jobscaler::daemon {
namespace {

ScalerConfig scaler(const std::string& name, std::variant<RabbitmqSource, KafkaSource> source) {
  ScalerConfig scaler;
  scaler.spec.name = name;
  scaler.spec.poll_interval = std::chrono::seconds(7);
  scaler.source = std::move(source);
  return scaler;
}

Config config() {
  Config config;
  config.scalers = {
      scaler("orders", RabbitmqSource{"rabbit", "orders-queue", AgeChoice::bound}),
      scaler("clicks", KafkaSource{"events",
                                   "writers",
                                   {"a", "b"},
                                   NoOffset::latest,
                                   Isolation::read_uncommitted,
                                   KafkaLimit::partitions}),
      scaler("views", KafkaSource{.connection = "others", .group = "g", .topics = {"t"}}),
  };
  return config;
}

}  // namespace

TEST_CASE("a connection reads the queues of the scalers that name it") {
  const auto queues = queues_on("rabbit", config());
  REQUIRE(queues.size() == 1);
  CHECK(queues[0].scaler == "orders");
  CHECK(queues[0].queue == "orders-queue");
  CHECK(queues[0].age == AgeChoice::bound);
  CHECK(queues[0].poll_interval == std::chrono::seconds(7));
  CHECK(queues_on("events", config()).empty());
}

TEST_CASE("a connection reads the groups of the scalers that name it") {
  const auto groups = groups_on("events", config());
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].scaler == "clicks");
  CHECK(groups[0].group == "writers");
  CHECK(groups[0].topics == std::vector<std::string>{"a", "b"});
  CHECK(groups[0].when_no_offset == NoOffset::latest);
  CHECK(groups[0].isolation == Isolation::read_uncommitted);
  CHECK(groups[0].limit_to == KafkaLimit::partitions);
  CHECK(groups_on("rabbit", config()).empty());
}

}  // namespace jobscaler::daemon
