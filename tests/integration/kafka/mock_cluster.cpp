#include "mock_cluster.h"

#include <librdkafka/rdkafka_mock.h>

#include <stdexcept>

namespace jobscaler::kafka::test {
namespace {

void need(rd_kafka_resp_err_t code) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error(rd_kafka_err2str(code));
}

/// A client that only lends its thread: it is not to say that it has no brokers to connect to.
rd_kafka_t* new_owner() {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  return rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
}

}  // namespace

MockCluster::MockCluster(int brokers)
    : owner_(new_owner()), cluster_(rd_kafka_mock_cluster_new(owner_, brokers)) {}

MockCluster::~MockCluster() {
  rd_kafka_mock_cluster_destroy(cluster_);
  rd_kafka_destroy(owner_);
}

std::string MockCluster::address() const {
  return rd_kafka_mock_cluster_bootstraps(cluster_);
}

KafkaConnection MockCluster::settings(Duration timeout) const {
  KafkaConnection settings;
  settings.name = "test";
  settings.brokers = {address()};
  settings.timeout = timeout;
  return settings;
}

void MockCluster::create_topic(const std::string& topic, int partitions) {
  need(rd_kafka_mock_topic_create(cluster_, topic.c_str(), partitions, 1));
  for (int i = 0; i < partitions; ++i) lead({topic, i}, 1);
}

void MockCluster::lead(const Partition& partition, int broker) {
  need(rd_kafka_mock_partition_set_leader(cluster_, partition.topic.c_str(), partition.number,
                                          broker));
}

void MockCluster::coordinate(const std::string& group, int broker) {
  need(rd_kafka_mock_coordinator_set(cluster_, "group", group.c_str(), broker));
}

void MockCluster::freeze(int broker) {
  need(rd_kafka_mock_broker_set_rtt(cluster_, broker, 60'000));
}
void MockCluster::thaw(int broker) {
  need(rd_kafka_mock_broker_set_rtt(cluster_, broker, 0));
}
void MockCluster::set_down(int broker) {
  need(rd_kafka_mock_broker_set_down(cluster_, broker));
}
void MockCluster::set_up(int broker) {
  need(rd_kafka_mock_broker_set_up(cluster_, broker));
}

void MockCluster::withhold_records(int broker) {
  constexpr std::int16_t fetch = 1;
  for (int i = 0; i < 20; ++i) {
    need(rd_kafka_mock_broker_push_request_error_rtts(
        cluster_, broker, fetch, 1, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, 0));
  }
}

void MockCluster::fail_next(Request request, rd_kafka_resp_err_t error) {
  rd_kafka_mock_push_request_errors(cluster_, static_cast<std::int16_t>(request), 1, error);
}

}  // namespace jobscaler::kafka::test
