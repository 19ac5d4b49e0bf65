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

constexpr const char* kScaler = R"(
  - name: {name}
    mode: observe
    kafka: {{ connection: events, group: {name}, topics: [{name}] }}
    scaleUp: {{ messagesAbove: 0 }}
    workers: {{ max: 1 }}
    job: {{ template: {{ spec: {{ containers: [{{ name: worker, image: busybox }}] }} }} }}
)";

std::string daemon_config(const Cluster& cluster, const std::string& broker,
                          const std::vector<std::string>& scalers) {
  std::string text = fmt::format(
      "kubernetes: {{ kubeconfig: \"{}\", namespace: \"{}\", instance: bench-kafka }}\n"
      "connections: {{ events: {{ kafka: {{ bootstrapServers: \"{}\" }} }} }}\n"
      "scalers:",
      cluster.kubeconfig(), cluster.name_space(), broker);
  for (const auto& scaler : scalers) text += fmt::format(kScaler, fmt::arg("name", scaler));
  return text;
}

/// What the daemon takes that reads all of them.
void footprint(Table& table, const Bench& bench, const Cluster& cluster, const std::string& broker,
               const std::vector<std::string>& scalers) {
  const std::string config =
      bench.scratch.write("kafka.yaml", daemon_config(cluster, broker, scalers));
  Process daemon({bench.daemon, "run", "--config", config}, bench.scratch.file("kafka.log"));
  for (const auto& scaler : scalers) daemon.wait_for_output(scaler + "  messages_above: ");
  const std::string what = fmt::format("daemon with {} Kafka groups: ", scalers.size());
  table.row(what + "resident memory", daemon.resident_kib() / 1024.0, std::nullopt, "MiB");
  table.row(what + "threads", daemon.threads(), std::nullopt, "");
}

KafkaConnection settings(const std::string& broker) {
  KafkaConnection settings;
  settings.name = "events";
  settings.brokers = {broker};
  return settings;
}

}  // namespace

void poll_groups(Table& table, const Bench& bench, const Cluster& kubesim,
                 const std::string& broker) {
  const std::vector<kafka::Group> groups = make_groups();
  std::vector<std::string> scalers;
  for (const kafka::Group& group : groups) scalers.push_back(group.scaler);
  kafka::test::TestClient client(broker);
  fill(client, groups);
  commit(client, groups, 0);

  Samples samples;
  Samples moving;
  Readings readings;
  kafka::Connection connection(settings(broker), groups, readings);
  readings.poll_until_good(connection, scalers);
  for (int i = 0; i < kPolls; ++i) samples.add(readings.poll(connection, scalers));
  for (int i = 1; i <= kMovingPolls; ++i) {
    commit(client, groups, i);
    moving.add(readings.poll(connection, scalers));
  }
  readings.need_good();

  const std::string what = fmt::format("one Kafka poll of {} groups x {}", kGroups, kPartitions);
  const std::string still = fmt::format("{} ({} polls): ", what, kPolls);
  table.row(still + "p50", milliseconds(samples.percentile(50)), kTargetMs, "ms");
  table.row(still + "max", milliseconds(samples.max()), kTargetMs, "ms");
  table.row(fmt::format("{}, every offset moved ({}): max", what, kMovingPolls),
            milliseconds(moving.max()), kTargetMs, "ms");
  footprint(table, bench, kubesim, broker, scalers);
}

}  // namespace jobscaler::bench
