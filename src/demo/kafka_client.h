#pragma once

// Of the demo's files, only kafka_*.cpp include this one, and librdkafka with it.
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "demo/message.h"
#include "demo/options.h"

namespace jobscaler::demo {

struct KafkaRelease {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
  void operator()(rd_kafka_message_t* message) const { rd_kafka_message_destroy(message); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_AdminOptions_t* options) const {
    rd_kafka_AdminOptions_destroy(options);
  }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(const rd_kafka_metadata_t* metadata) const {
    rd_kafka_metadata_destroy(metadata);
  }
  void operator()(const rd_kafka_group_list* groups) const { rd_kafka_group_list_destroy(groups); }
  // Whoever is in a group has left it before.
  void operator()(rd_kafka_t* rk) const {
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  }
};
template <typename T>
using KafkaOwner = std::unique_ptr<T, KafkaRelease>;

using KafkaProperties = std::map<std::string, std::string>;

/// What the demo's producer and consumer have in common: librdkafka's handle, the topics there are,
/// and words for what goes wrong. Of one thread; callbacks are run inside calls. librdkafka makes
/// lost connections anew by itself.
class KafkaClient {
 public:
  /// `own` properties win over the user's, which win over `defaults`. Connects; at most 10 s.
  /// Throws BrokerError.
  KafkaClient(rd_kafka_type_t type, const KafkaCluster& cluster, const KafkaProperties& defaults,
              const KafkaProperties& own);
  virtual ~KafkaClient() = default;
  KafkaClient(const KafkaClient&) = delete;
  KafkaClient& operator=(const KafkaClient&) = delete;

  rd_kafka_t* get() const { return rk_.get(); }

  /// How many partitions each topic has. Nothing if there was no answer until the timeout. Creates
  /// no topic.
  std::optional<std::map<std::string, int>> topics(std::chrono::milliseconds timeout);
  /// 0: the topic does not exist.
  int partitions(const std::string& topic);
  BrokerError no_topic(const std::string& topic) const;

  BrokerError failure(ErrorKind kind, const std::string& text) const;
  /// librdkafka's code in words; "could not " + `doing`.
  BrokerError failure(rd_kafka_resp_err_t code, const std::string& doing) const;
  /// Takes the error.
  BrokerError failure(rd_kafka_error_t* error, const std::string& doing) const;
  void check(rd_kafka_resp_err_t code, const std::string& doing) const;

 protected:
  /// Leaves the handle to the end of the process, for one that cannot be destroyed.
  void abandon() { static_cast<void>(rk_.release()); }

  virtual void on_delivery(const rd_kafka_message_t&) {}
  virtual void on_rebalance(rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*) {}

 private:
  void set(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) const;
  void set_callbacks(rd_kafka_conf_t* conf, rd_kafka_type_t type);
  void connect();

  struct Trouble {
    rd_kafka_resp_err_t code;
    std::string words;
  };

  std::string name_;
  std::optional<Trouble> trouble_;  ///< the last that librdkafka has told of, since all was well
  bool all_down_ = false;
  KafkaOwner<rd_kafka_t> rk_;
};

ErrorKind kind_of(rd_kafka_resp_err_t code);

/// Until the deadline, rounded up, as librdkafka takes it.
int milliseconds_until(Clock::time_point deadline);

}  // namespace jobscaler::demo
