#include "demo/kafka_client.h"

#include <fmt/format.h>

#include <algorithm>

namespace jobscaler::demo {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectTimeout{10'000};
constexpr milliseconds kLookInterval{1'000};

/// Nobody answered: why, librdkafka tells in events, if at all.
bool is_silence(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
      return true;
    default:
      return false;
  }
}

/// Without what changes from one time to the next: " (after 3ms in state CONNECT)".
std::string stable(const std::string& words) {
  return words.substr(0, words.find(" (after "));
}

KafkaClient* self(void* opaque) {
  return static_cast<KafkaClient*>(opaque);
}

}  // namespace

ErrorKind kind_of(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
      return ErrorKind::not_found;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
      return ErrorKind::rejected;
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
      return ErrorKind::malformed;
    default:
      return ErrorKind::unavailable;
  }
}

int milliseconds_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

KafkaClient::KafkaClient(rd_kafka_type_t type, const KafkaCluster& cluster,
                         const KafkaProperties& defaults, const KafkaProperties& own)
    : name_("Kafka at " + cluster.brokers) {
  KafkaProperties properties = own;
  properties["bootstrap.servers"] = cluster.brokers;
  properties.insert(cluster.properties.begin(), cluster.properties.end());
  properties.insert(defaults.begin(), defaults.end());
  // A broker that is back is found within a second.
  properties.insert({{"client.id", "jobscaler-demo"}, {"reconnect.backoff.max.ms", "1000"}});

  KafkaOwner<rd_kafka_conf_t> conf(rd_kafka_conf_new());
  for (const auto& [name, value] : properties) set(conf.get(), name, value);
  set_callbacks(conf.get(), type);
  if (!cluster.properties.contains("debug"))  // all that matters comes as an error, too
    rd_kafka_conf_set_log_cb(conf.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
  char words[512] = "";
  rk_.reset(rd_kafka_new(type, conf.get(), words, sizeof words));
  if (!rk_) throw failure(ErrorKind::rejected, fmt::format("librdkafka says: {}", words));
  conf.release();  // NOLINT: rd_kafka_new took it
  connect();
}

void KafkaClient::set(rd_kafka_conf_t* conf, const std::string& name,
                      const std::string& value) const {
  char words[512] = "";
  if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), words, sizeof words) == RD_KAFKA_CONF_OK)
    return;
  throw failure(ErrorKind::rejected,
                fmt::format("librdkafka does not take the property {}: {}", name, words));
}

void KafkaClient::set_callbacks(rd_kafka_conf_t* conf, rd_kafka_type_t type) {
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_error_cb(conf, [](rd_kafka_t*, int code, const char* reason, void* opaque) {
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)  // which says nothing that theirs do not
      self(opaque)->all_down_ = true;
    else
      self(opaque)->trouble_ = {static_cast<rd_kafka_resp_err_t>(code), stable(reason)};
  });
  if (type == RD_KAFKA_PRODUCER)
    rd_kafka_conf_set_dr_msg_cb(conf, [](rd_kafka_t*, const rd_kafka_message_t* message,
                                         void* opaque) { self(opaque)->on_delivery(*message); });
  else
    rd_kafka_conf_set_rebalance_cb(
        conf, [](rd_kafka_t*, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t* list,
                 void* opaque) { self(opaque)->on_rebalance(code, list); });
}

void KafkaClient::connect() {
  const auto deadline = Clock::now() + kConnectTimeout;
  while (!topics(kLookInterval)) {
    rd_kafka_poll(get(), 0);
    const bool refused = trouble_ && kind_of(trouble_->code) == ErrorKind::rejected;
    if (!refused && !all_down_ && Clock::now() < deadline) continue;
    if (refused)
      throw failure(ErrorKind::rejected, fmt::format("cannot connect: {}", trouble_->words));
    throw failure(ErrorKind::unavailable,
                  fmt::format("cannot connect; check host and port and that the broker runs ({})",
                              trouble_ ? trouble_->words
                                       : fmt::format("no answer within {} s",
                                                     kConnectTimeout.count() / 1000)));
  }
}

std::optional<std::map<std::string, int>> KafkaClient::topics(milliseconds timeout) {
  const rd_kafka_metadata_t* answer = nullptr;
  // All topics: whoever asks for one may create it.
  const auto code =
      rd_kafka_metadata(get(), 1, nullptr, &answer, static_cast<int>(timeout.count()));
  const KafkaOwner<const rd_kafka_metadata_t> metadata(answer);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
  trouble_.reset();
  all_down_ = false;
  std::map<std::string, int> topics;
  for (int i = 0; i < metadata->topic_cnt; ++i)
    topics[metadata->topics[i].topic] = metadata->topics[i].partition_cnt;
  return topics;
}

int KafkaClient::partitions(const std::string& topic) {
  const auto there = topics(kConnectTimeout);
  if (!there) throw failure(RD_KAFKA_RESP_ERR__TIMED_OUT, "list the topics");
  const auto found = there->find(topic);
  return found == there->end() ? 0 : found->second;
}

BrokerError KafkaClient::no_topic(const std::string& topic) const {
  return failure(ErrorKind::not_found,
                 fmt::format("the topic '{0}' does not exist; jobscaler-demo publish --topic {0} "
                             "--partitions N --count 0 creates it",
                             topic));
}

BrokerError KafkaClient::failure(ErrorKind kind, const std::string& text) const {
  return {kind, fmt::format("{}: {}", name_, text)};
}

BrokerError KafkaClient::failure(rd_kafka_resp_err_t code, const std::string& doing) const {
  if (is_silence(code) && trouble_)
    return failure(kind_of(trouble_->code),
                   fmt::format("could not {}: {}", doing, trouble_->words));
  return failure(kind_of(code), fmt::format("could not {}: {}", doing, rd_kafka_err2str(code)));
}

BrokerError KafkaClient::failure(rd_kafka_error_t* error, const std::string& doing) const {
  const auto kind = kind_of(rd_kafka_error_code(error));
  const std::string words = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  return failure(kind, fmt::format("could not {}: {}", doing, words));
}

void KafkaClient::check(rd_kafka_resp_err_t code, const std::string& doing) const {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) throw failure(code, doing);
}

}  // namespace jobscaler::demo
