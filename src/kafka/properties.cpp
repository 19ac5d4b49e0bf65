#include "kafka/properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "config/kafka_properties.h"

namespace jobscaler::kafka {
namespace {

const char* mechanism_name(SaslMechanism mechanism) {
  switch (mechanism) {
    case SaslMechanism::none:
      break;
    case SaslMechanism::plain:
      return "PLAIN";
    case SaslMechanism::scram_sha_256:
      return "SCRAM-SHA-256";
    case SaslMechanism::scram_sha_512:
      return "SCRAM-SHA-512";
  }
  return "";
}

void set_if_any(Properties& properties, const char* name, const std::string& value) {
  if (!value.empty()) properties[name] = value;
}

void secure(Properties& properties, const KafkaSecurity& security, const std::string& password) {
  properties["security.protocol"] = config::security_protocol(security);
  if (security.tls.enabled) {
    set_if_any(properties, "ssl.ca.location", security.tls.ca_file);
    set_if_any(properties, "ssl.certificate.location", security.tls.certificate_file);
    set_if_any(properties, "ssl.key.location", security.tls.key_file);
    const bool verify = security.tls.verify;
    properties["enable.ssl.certificate.verification"] = verify ? "true" : "false";
    properties["ssl.endpoint.identification.algorithm"] = verify ? "https" : "none";
  }
  if (security.mechanism == SaslMechanism::none) return;
  properties["sasl.mechanism"] = mechanism_name(security.mechanism);
  properties["sasl.username"] = security.username;
  properties["sasl.password"] = password;
}

}  // namespace

Properties group_properties(const KafkaConnection& settings, const std::string& password,
                            const std::string& group) {
  using std::chrono::milliseconds;
  const auto timeout = std::chrono::ceil<milliseconds>(settings.timeout).count();
  Properties properties{{"client.id", "jobscaler"}};
  for (const auto& [name, value] : settings.properties) properties[name] = value;
  properties["bootstrap.servers"] = broker_list(settings);
  properties["group.id"] = group;
  // What is committed, also while a transaction that will commit more is open.
  properties["isolation.level"] = "read_uncommitted";
  properties["enable.auto.commit"] = "false";
  properties["enable.auto.offset.store"] = "false";
  properties["allow.auto.create.topics"] = "false";
  // Within what librdkafka takes. A broker that does not answer is given up on when the reading is,
  // and is back within a second of its recovery.
  properties["socket.timeout.ms"] = std::to_string(std::clamp<std::int64_t>(timeout, 100, 300'000));
  properties["socket.connection.setup.timeout.ms"] = "2000";
  properties["reconnect.backoff.max.ms"] = "1000";
  secure(properties, settings.security, password);
  return properties;
}

Properties log_properties(const KafkaConnection& settings, const std::string& password,
                          const std::string& group, Isolation isolation) {
  Properties properties = group_properties(settings, password, group);
  properties["isolation.level"] =
      isolation == Isolation::read_committed ? "read_committed" : "read_uncommitted";
  properties["auto.offset.reset"] = "error";
  properties["enable.partition.eof"] = "true";
  // Both count what lies in the queue of all partitions: whoever comes after one that has reached
  // them is not fetched from for a second. Reading stops after the first record anyway.
  properties["queued.min.messages"] = "1000";
  properties["queued.max.messages.kbytes"] = "16384";
  // A record larger than this is still returned, alone.
  properties["fetch.message.max.bytes"] = "1024";
  // How long the broker waits for records that are not there, before it says so.
  properties["fetch.wait.max.ms"] = "10";
  return properties;
}

std::string broker_list(const KafkaConnection& settings) {
  return fmt::format("{}", fmt::join(settings.brokers, ","));
}

}  // namespace jobscaler::kafka
