#pragma once

#include <librdkafka/rdkafka.h>

#include <string>

#include "config/config.h"
#include "kafka/partition.h"

struct rd_kafka_mock_cluster_s;

namespace jobscaler::kafka::test {

/// librdkafka's stand-in for a cluster, in this process: brokers 1 to n. It knows no transactions,
/// no compaction and no retention.
class MockCluster {
 public:
  explicit MockCluster(int brokers);
  ~MockCluster();
  MockCluster(const MockCluster&) = delete;
  MockCluster& operator=(const MockCluster&) = delete;

  std::string address() const;  ///< of all brokers
  /// Settings of a connection named "test" to it.
  KafkaConnection settings(Duration timeout = std::chrono::seconds(20)) const;

  /// Every partition is led by broker 1, until lead() says otherwise.
  void create_topic(const std::string& topic, int partitions);
  void lead(const Partition& partition, int broker);
  void coordinate(const std::string& group, int broker);

  /// A frozen broker takes connections and requests, and answers a minute later.
  void freeze(int broker);
  void thaw(int broker);
  void set_down(int broker);
  void set_up(int broker);

  /// The next answer to a request of this kind is the error.
  enum class Request { list_offsets = 2, metadata = 3, offset_fetch = 9 };
  void fail_next(Request request, rd_kafka_resp_err_t error);
  /// The broker's next 20 answers to a client that reads records say nothing. A client waits half a
  /// second after each.
  void withhold_records(int broker);

 private:
  rd_kafka_t* owner_;
  rd_kafka_mock_cluster_s* cluster_;
};

}  // namespace jobscaler::kafka::test
