#include <fmt/format.h>

#include "bench/readings.h"
#include "bench/rows.h"
#include "bench/samples.h"
#include "integration/kafka/test_client.h"
#include "kafka/connection.h"

namespace jobscaler::bench {
namespace {

constexpr int kGroups = 50;
constexpr int kPartitions = 10;
constexpr int kPolls = 30;
constexpr int kMovingPolls = 5;
constexpr double kTargetMs = 1000;

/// Every group has its topic, and every partition a record more than there will be polls that move.
void fill(kafka::test::TestClient& client, const std::vector<kafka::Group>& groups) {
  for (const kafka::Group& group : groups) {
    const std::string& topic = group.topics.front();
    client.create_topic(topic, kPartitions);
    for (int i = 0; i < kPartitions; ++i) client.produce({topic, i}, kMovingPolls + 1);
  }
}

void commit(kafka::test::TestClient& client, const std::vector<kafka::Group>& groups, int offset) {
  for (const kafka::Group& group : groups) {
    for (int i = 0; i < kPartitions; ++i) {
      client.commit(group.group, {group.topics.front(), i}, offset);
    }
  }
}

std::vector<kafka::Group> make_groups() {
  std::vector<kafka::Group> groups;
  for (int i = 0; i < kGroups; ++i) {
    const std::string name = fmt::format("bench-{}", i);
    groups.push_back({.scaler = name, .group = name, .topics = {name}});
  }
  return groups;
}

KafkaConnection settings(const std::string& broker) {
  KafkaConnection settings;
  settings.name = "events";
  settings.brokers = {broker};
  return settings;
}

}  // namespace

void poll_groups(Table& table, const std::string& broker) {
  const std::vector<kafka::Group> groups = make_groups();
  std::vector<std::string> scalers;
  for (const kafka::Group& group : groups) scalers.push_back(group.scaler);
  auto client = std::make_unique<kafka::test::TestClient>(broker);
  fill(*client, groups);
  commit(*client, groups, 0);
  client.reset();  // with its threads, which are not to be counted
  const double memory = resident_kib("self");
  const int own_threads = threads("self");

  Samples samples;
  Samples moving;
  Readings readings;
  kafka::Connection connection(settings(broker), groups, readings);
  readings.poll_until_good(connection, scalers);
  for (int i = 0; i < kPolls; ++i) samples.add(readings.poll(connection, scalers));
  const double added = (resident_kib("self") - memory) / 1024.0;
  const int added_threads = threads("self") - own_threads;
  client = std::make_unique<kafka::test::TestClient>(broker);
  for (int i = 1; i <= kMovingPolls; ++i) {
    commit(*client, groups, i);
    moving.add(readings.poll(connection, scalers));
  }
  readings.need_good();

  const std::string what = fmt::format("one Kafka poll of {} groups x {}", kGroups, kPartitions);
  const std::string still = fmt::format("{} ({} polls): ", what, kPolls);
  table.row(still + "p50", milliseconds(samples.percentile(50)), kTargetMs, "ms");
  table.row(still + "max", milliseconds(samples.max()), kTargetMs, "ms");
  table.row(fmt::format("{}, every offset moved ({}): max", what, kMovingPolls),
            milliseconds(moving.max()), kTargetMs, "ms");
  table.row("Kafka: resident memory for these groups", added, std::nullopt, "MiB");
  table.row("Kafka: threads for these groups", added_threads, std::nullopt, "");
}

}  // namespace jobscaler::bench
