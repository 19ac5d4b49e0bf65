#include "test_client.h"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <functional>
#include <stdexcept>

#include "jobscaler/clock.h"

namespace jobscaler::kafka::test {
namespace {

constexpr int kPatience = 30'000;  // ms

void need(rd_kafka_resp_err_t code, const std::string& what) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    throw std::runtime_error(fmt::format("{}: {}", what, rd_kafka_err2str(code)));
  }
}

void need(rd_kafka_error_t* error, const std::string& what) {
  if (error == nullptr) return;
  const std::string words = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  throw std::runtime_error(fmt::format("{}: {}", what, words));
}

struct Release {
  void operator()(rd_kafka_t* rk) const { rd_kafka_destroy(rk); }
  void operator()(rd_kafka_topic_partition_list_t* list) const {
    rd_kafka_topic_partition_list_destroy(list);
  }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
};
template <typename T>
using Owner = std::unique_ptr<T, Release>;
using Client = Owner<rd_kafka_t>;

Client make(rd_kafka_type_t type, const std::string& brokers,
            const std::map<std::string, std::string>& properties) {
  char words[512] = "";
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  auto all = properties;
  all["bootstrap.servers"] = brokers;
  for (const auto& [name, value] : all) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), words, sizeof words) !=
        RD_KAFKA_CONF_OK) {
      throw std::runtime_error(words);
    }
  }
  rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t*, int, const char*, const char*) {});
  Client client(rd_kafka_new(type, conf, words, sizeof words));
  if (!client) throw std::runtime_error(words);
  return client;
}

void send(rd_kafka_t* rk, const Partition& partition, const std::string& key,
          const std::string& value, std::int64_t timestamp_ms) {
  need(
      rd_kafka_producev(
          rk, RD_KAFKA_V_TOPIC(partition.topic.c_str()), RD_KAFKA_V_PARTITION(partition.number),
          RD_KAFKA_V_KEY(key.empty() ? nullptr : key.data(), key.size()),
          RD_KAFKA_V_VALUE(value.empty() ? nullptr : const_cast<char*>(value.data()), value.size()),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_TIMESTAMP(timestamp_ms),
          RD_KAFKA_V_END),
      "produce");
}

Owner<rd_kafka_topic_partition_list_t> list_of(const Partition& partition, std::int64_t offset) {
  Owner<rd_kafka_topic_partition_list_t> list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.number)->offset =
      offset;
  return list;
}

}  // namespace

class TestClient::Impl {
 public:
  explicit Impl(const std::string& with) : brokers(with) {
    producer = make(RD_KAFKA_PRODUCER, brokers, {{"linger.ms", "0"}});
  }

  rd_kafka_t* consumer(const std::string& group) {
    auto& found = consumers[group];
    if (!found) {
      found =
          make(RD_KAFKA_CONSUMER, brokers, {{"group.id", group}, {"enable.auto.commit", "false"}});
    }
    return found.get();
  }

  /// Runs an administrator's request and fails with what the broker says of its topics.
  void administer(const char* what, const std::function<void(rd_kafka_queue_t*)>& request) {
    const Owner<rd_kafka_queue_t> queue(rd_kafka_queue_new(producer.get()));
    request(queue.get());
    const Owner<rd_kafka_event_t> event(rd_kafka_queue_poll(queue.get(), kPatience));
    if (!event) throw std::runtime_error(fmt::format("{}: no answer", what));
    need(rd_kafka_event_error(event.get()), what);
    std::size_t count = 0;
    const rd_kafka_topic_result_t** results = nullptr;
    if (const auto* created = rd_kafka_event_CreateTopics_result(event.get())) {
      results = rd_kafka_CreateTopics_result_topics(created, &count);
    } else if (const auto* deleted = rd_kafka_event_DeleteTopics_result(event.get())) {
      results = rd_kafka_DeleteTopics_result_topics(deleted, &count);
    } else if (const auto* added = rd_kafka_event_CreatePartitions_result(event.get())) {
      results = rd_kafka_CreatePartitions_result_topics(added, &count);
    }
    for (std::size_t i = 0; i < count; ++i) need(rd_kafka_topic_result_error(results[i]), what);
  }

  std::string brokers;
  Client producer;
  std::map<std::string, Client> consumers;
};

TestClient::TestClient(const std::string& brokers) : impl_(std::make_unique<Impl>(brokers)) {}
TestClient::~TestClient() = default;

void TestClient::create_topic(const std::string& topic, int partitions, const TopicConfig& config) {
  char words[256] = "";
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(topic.c_str(), partitions, 1, words, sizeof words);
  for (const auto& [name, value] : config) {
    rd_kafka_NewTopic_set_config(wanted, name.c_str(), value.c_str());
  }
  impl_->administer("create topic", [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreateTopics(impl_->producer.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_NewTopic_destroy(wanted);
}

void TestClient::delete_topic(const std::string& topic) {
  rd_kafka_DeleteTopic_t* wanted = rd_kafka_DeleteTopic_new(topic.c_str());
  impl_->administer("delete topic", [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopics(impl_->producer.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_DeleteTopic_destroy(wanted);
}

void TestClient::add_partitions(const std::string& topic, int total) {
  char words[256] = "";
  rd_kafka_NewPartitions_t* wanted = rd_kafka_NewPartitions_new(
      topic.c_str(), static_cast<std::size_t>(total), words, sizeof words);
  impl_->administer("add partitions", [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreatePartitions(impl_->producer.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_NewPartitions_destroy(wanted);
}

void TestClient::let_describe_group(const std::string& user, const std::string& group) {
  char words[256] = "";
  rd_kafka_AclBinding_t* wanted = rd_kafka_AclBinding_new(
      RD_KAFKA_RESOURCE_GROUP, group.c_str(), RD_KAFKA_RESOURCE_PATTERN_LITERAL,
      ("User:" + user).c_str(), "*", RD_KAFKA_ACL_OPERATION_DESCRIBE,
      RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, words, sizeof words);
  if (wanted == nullptr) throw std::runtime_error(words);
  impl_->administer("create ACL", [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreateAcls(impl_->producer.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_AclBinding_destroy(wanted);
}

void TestClient::delete_records(const Partition& partition, std::int64_t before) {
  const auto list = list_of(partition, before);
  rd_kafka_DeleteRecords_t* wanted = rd_kafka_DeleteRecords_new(list.get());
  impl_->administer("delete records", [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteRecords(impl_->producer.get(), &wanted, 1, nullptr, queue);
  });
  rd_kafka_DeleteRecords_destroy(wanted);
}

void TestClient::produce(const Partition& partition, int count, std::int64_t timestamp_ms) {
  for (int i = 0; i < count; ++i) {
    send(impl_->producer.get(), partition, "", "a record", timestamp_ms);
  }
  need(rd_kafka_flush(impl_->producer.get(), kPatience), "flush");
}

void TestClient::produce_keyed(const Partition& partition, const std::string& key,
                               const std::string& value) {
  send(impl_->producer.get(), partition, key, value, 0);
  need(rd_kafka_flush(impl_->producer.get(), kPatience), "flush");
}

void TestClient::commit(const std::string& group, const Partition& partition, std::int64_t offset) {
  const auto list = list_of(partition, offset);
  need(rd_kafka_commit(impl_->consumer(group), list.get(), 0), "commit");
}

std::int64_t TestClient::committed(const std::string& group, const Partition& partition) {
  const auto list = list_of(partition, 0);
  need(rd_kafka_committed(impl_->consumer(group), list.get(), kPatience), "committed");
  return list->elems[0].offset;
}

TestClient::GroupState TestClient::group_state(const std::string& group) {
  const rd_kafka_group_list* groups = nullptr;
  need(rd_kafka_list_groups(impl_->producer.get(), group.c_str(), &groups, kPatience), "list");
  GroupState state{"Dead", 0};
  if (groups->group_cnt > 0) state = {groups->groups[0].state, groups->groups[0].member_cnt};
  rd_kafka_group_list_destroy(groups);
  return state;
}

class Transaction::Impl {
 public:
  Client producer;
};

Transaction::Transaction(const std::string& brokers) : impl_(std::make_unique<Impl>()) {
  impl_->producer =
      make(RD_KAFKA_PRODUCER, brokers, {{"transactional.id", new_name("tx")}, {"linger.ms", "0"}});
  need(rd_kafka_init_transactions(impl_->producer.get(), kPatience), "init transactions");
  need(rd_kafka_begin_transaction(impl_->producer.get()), "begin transaction");
}
Transaction::~Transaction() = default;

void Transaction::produce(const Partition& partition, int count) {
  for (int i = 0; i < count; ++i) send(impl_->producer.get(), partition, "", "a record", 0);
  need(rd_kafka_flush(impl_->producer.get(), kPatience), "flush");
}

void Transaction::commit() {
  need(rd_kafka_commit_transaction(impl_->producer.get(), kPatience), "commit transaction");
}

void Transaction::abort() {
  need(rd_kafka_abort_transaction(impl_->producer.get(), kPatience), "abort transaction");
}

class Member::Impl {
 public:
  Client consumer;
};

Member::Member(const std::string& brokers, const std::string& group, const std::string& topic)
    : impl_(std::make_unique<Impl>()) {
  impl_->consumer = make(RD_KAFKA_CONSUMER, brokers,
                         {{"group.id", group},
                          {"enable.auto.commit", "false"},
                          {"auto.offset.reset", "earliest"},
                          {"session.timeout.ms", "6000"}});
  rd_kafka_poll_set_consumer(impl_->consumer.get());
  const auto topics = list_of({topic, RD_KAFKA_PARTITION_UA}, RD_KAFKA_OFFSET_INVALID);
  need(rd_kafka_subscribe(impl_->consumer.get(), topics.get()), "subscribe");
}
Member::~Member() = default;

std::int64_t Member::take() {
  const auto deadline = BootClock::now() + std::chrono::seconds(60);
  while (BootClock::now() < deadline) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(impl_->consumer.get(), 100);
    if (message == nullptr) continue;
    const auto code = message->err;
    const auto offset = message->offset;
    rd_kafka_message_destroy(message);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return offset;
  }
  throw std::runtime_error("waited in vain for a record");
}

void Member::commit() {
  need(rd_kafka_commit(impl_->consumer.get(), nullptr, 0), "commit");
}

std::string new_name(const std::string& hint) {
  static int count = 0;
  return fmt::format("{}-{}", hint, ++count);
}

}  // namespace jobscaler::kafka::test
