#include "demo/kafka_producer.h"

#include <fmt/format.h>

#include <thread>

#include "demo/kafka_client.h"

namespace jobscaler::demo {
namespace {

constexpr std::chrono::seconds kCreateTimeout{10};
constexpr std::chrono::seconds kRoomTimeout{30};
constexpr std::chrono::milliseconds kLookInterval{50};
constexpr int kReplicasOfTheBrokersChoice = -1;

/// A tombstone is no message: without a body there is still a value.
void* value_of(const std::string& body) {
  return const_cast<char*>(body.data());  // librdkafka copies it
}

}  // namespace

class KafkaProducer::Impl : public KafkaClient {
 public:
  explicit Impl(const KafkaCluster& cluster)
      : KafkaClient(RD_KAFKA_PRODUCER, cluster, {{"message.timeout.ms", "25000"}},
                    {{"enable.idempotence", "true"}}) {}

  void create(const std::string& topic, int partitions) {
    char words[256] = "";
    const KafkaOwner<rd_kafka_NewTopic_t> wanted(rd_kafka_NewTopic_new(
        topic.c_str(), partitions, kReplicasOfTheBrokersChoice, words, sizeof words));
    if (!wanted)
      throw failure(ErrorKind::rejected,
                    fmt::format("could not create the topic '{}': {}", topic, words));
    const KafkaOwner<rd_kafka_AdminOptions_t> options(
        rd_kafka_AdminOptions_new(get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
    const int timeout = milliseconds_until(Clock::now() + kCreateTimeout);
    rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout, words, sizeof words);
    rd_kafka_AdminOptions_set_operation_timeout(options.get(), timeout, words, sizeof words);
    const KafkaOwner<rd_kafka_queue_t> answers(rd_kafka_queue_new(get()));
    rd_kafka_NewTopic_t* topics[] = {wanted.get()};
    rd_kafka_CreateTopics(get(), topics, 1, options.get(), answers.get());
    const KafkaOwner<rd_kafka_event_t> answer(rd_kafka_queue_poll(answers.get(), 2 * timeout));
    check_created(topic, answer.get());
  }

  void send(const std::string& topic, int partition, const Outgoing& message) {
    KafkaOwner<rd_kafka_headers_t> headers = headers_of(message);
    const auto deadline = Clock::now() + kRoomTimeout;
    for (;;) {
      const auto code = try_to_send(topic, partition, message, headers.get());
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR) break;
      // What is confirmed makes room.
      const bool full = code == RD_KAFKA_RESP_ERR__QUEUE_FULL && unconfirmed_ > 0;
      if (!full || !wait(deadline))
        throw failure(code, fmt::format("publish to the topic '{}'", topic));
    }
    headers.release();  // NOLINT: rd_kafka_producev took them
    ++unconfirmed_;
  }

  bool wait(Clock::time_point deadline) {
    const int heard = rd_kafka_poll(get(), milliseconds_until(deadline));
    if (failed_ != RD_KAFKA_RESP_ERR_NO_ERROR)
      throw failure(failed_, fmt::format("publish to the topic '{}'", failed_topic_));
    return heard > 0 || Clock::now() < deadline;
  }

  std::size_t unconfirmed() const { return unconfirmed_; }

 private:
  static ssize_t length(const std::string& text) { return static_cast<ssize_t>(text.size()); }

  static KafkaOwner<rd_kafka_headers_t> headers_of(const Outgoing& message) {
    KafkaOwner<rd_kafka_headers_t> headers(rd_kafka_headers_new(2));
    rd_kafka_header_add(headers.get(), kIdHeader, -1, message.id.data(), length(message.id));
    const std::string work = std::to_string(message.work.count());
    if (message.work.count() > 0)
      rd_kafka_header_add(headers.get(), kWorkHeader, -1, work.data(), length(work));
    return headers;
  }

  /// Takes the headers if it succeeds.
  rd_kafka_resp_err_t try_to_send(const std::string& topic, int partition, const Outgoing& message,
                                  rd_kafka_headers_t* headers) {
    const void* key = message.key ? message.key->data() : nullptr;
    const std::size_t key_size = message.key ? message.key->size() : 0;
    return rd_kafka_producev(get(), RD_KAFKA_V_TOPIC(topic.c_str()),
                             RD_KAFKA_V_PARTITION(partition), RD_KAFKA_V_KEY(key, key_size),
                             RD_KAFKA_V_VALUE(value_of(message.body), message.body.size()),
                             RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                             RD_KAFKA_V_END);
  }

  /// One that somebody else has created meanwhile is as good.
  void check_created(const std::string& topic, const rd_kafka_event_t* answer) const {
    const std::string doing = fmt::format("create the topic '{}'", topic);
    if (answer == nullptr) throw failure(RD_KAFKA_RESP_ERR__TIMED_OUT, doing);
    check(rd_kafka_event_error(const_cast<rd_kafka_event_t*>(answer)), doing);
    std::size_t count = 0;
    const auto* result = rd_kafka_event_CreateTopics_result(const_cast<rd_kafka_event_t*>(answer));
    const rd_kafka_topic_result_t** results = rd_kafka_CreateTopics_result_topics(result, &count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto code = rd_kafka_topic_result_error(results[i]);
      if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        continue;
      const char* words = rd_kafka_topic_result_error_string(results[i]);
      throw failure(kind_of(code), fmt::format("could not {}: {}", doing,
                                               words != nullptr ? words : rd_kafka_err2str(code)));
    }
  }

  void on_delivery(const rd_kafka_message_t& message) override {
    --unconfirmed_;
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    failed_ = message.err;
    failed_topic_ = rd_kafka_topic_name(message.rkt);
  }

  std::size_t unconfirmed_ = 0;
  rd_kafka_resp_err_t failed_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string failed_topic_;
};

KafkaProducer::KafkaProducer(const KafkaCluster& cluster)
    : impl_(std::make_unique<Impl>(cluster)) {}

KafkaProducer::~KafkaProducer() = default;

int KafkaProducer::need_topic(const std::string& topic, int partitions) {
  int there = impl_->partitions(topic);
  if (there == 0 && partitions == 0) throw impl_->no_topic(topic);
  if (there == 0) impl_->create(topic, partitions);
  // The broker that has created it may know of it before the others do.
  const auto deadline = Clock::now() + kCreateTimeout;
  while (there == 0) {
    there = impl_->partitions(topic);
    if (there != 0) break;
    if (Clock::now() > deadline)
      throw impl_->failure(ErrorKind::not_found,
                           fmt::format("the topic '{}' was created and is not there", topic));
    std::this_thread::sleep_for(kLookInterval);
  }
  if (partitions != 0 && there != partitions)
    throw impl_->failure(
        ErrorKind::rejected,
        fmt::format("the topic '{}' has {} partitions, not {}", topic, there, partitions));
  return there;
}

void KafkaProducer::publish(const std::string& topic, int partition, const Outgoing& message) {
  impl_->send(topic, partition, message);
}

void KafkaProducer::publish(const std::string& topic, const Outgoing& message) {
  impl_->send(topic, RD_KAFKA_PARTITION_UA, message);
}

std::size_t KafkaProducer::unconfirmed() const {
  return impl_->unconfirmed();
}

bool KafkaProducer::wait(Clock::time_point deadline) {
  return impl_->wait(deadline);
}

}  // namespace jobscaler::demo
