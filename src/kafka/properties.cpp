#include "kafka/properties.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace jobscaler::kafka {
namespace {

constexpr const char* kOurs = "jobscaler sets it itself";
constexpr const char* kMember = "jobscaler must not become a member of the group";
constexpr const char* kCommits = "jobscaler must not commit offsets";
constexpr const char* kFetches = "jobscaler reads single records and must not prefetch";
constexpr const char* kSecret = "a secret does not belong in the configuration";
constexpr const char* kUnheard = "nobody would see or use what it gives";

const std::map<std::string, std::string>& refusals() {
  static const std::map<std::string, std::string> refusals{
      {"bootstrap.servers", "write it as the connection's `brokers`"},
      {"metadata.broker.list", "write it as the connection's `brokers`"},
      {"security.protocol", "it follows from the connection's `tls` and `sasl`"},
      {"sasl.mechanism", "write it as the connection's `sasl`"},
      {"sasl.mechanisms", "write it as the connection's `sasl`"},
      {"sasl.username", "write it as the connection's `sasl`"},
      {"sasl.password", "write it as the connection's `sasl`, which names where the secret is"},
      {"ssl.ca.location", "write it as the connection's `tls`"},
      {"ssl.certificate.location", "write it as the connection's `tls`"},
      {"ssl.key.location", "write it as the connection's `tls`"},
      {"enable.ssl.certificate.verification", "write it as the connection's `tls`"},
      {"ssl.endpoint.identification.algorithm", "it follows from the connection's `tls`"},
      {"ssl.key.password", kSecret},
      {"ssl.key.pem", kSecret},
      {"ssl.keystore.password", kSecret},
      {"sasl.oauthbearer.config", kSecret},
      {"sasl.oauthbearer.client.secret", kSecret},
      {"group.id", "write it as the scaler's `group`"},
      {"group.instance.id", kMember},
      {"enable.auto.commit", kCommits},
      {"enable.auto.offset.store", kCommits},
      {"auto.commit.interval.ms", kCommits},
      {"auto.commit.enable", kCommits},
      {"auto.offset.reset", "write it as the scaler's `whenNoOffset`"},
      {"isolation.level", "write it as the scaler's `isolation`"},
      {"allow.auto.create.topics", "jobscaler must not create topics"},
      {"enable.partition.eof", kOurs},
      {"queued.min.messages", kFetches},
      {"queued.max.messages.kbytes", kFetches},
      {"fetch.message.max.bytes", kFetches},
      {"max.partition.fetch.bytes", kFetches},
      {"fetch.max.bytes", kFetches},
      {"fetch.min.bytes", kFetches},
      {"fetch.wait.max.ms", kFetches},
      {"socket.timeout.ms", "write it as the connection's `timeout`"},
      {"reconnect.backoff.max.ms", kOurs},
      {"socket.connection.setup.timeout.ms", kOurs},
      {"plugin.library.paths", "it would load code into jobscaler"},
      {"debug", kUnheard},
      {"log_level", kUnheard},
      {"statistics.interval.ms", kUnheard}};
  return refusals;
}

const char* security_protocol(const KafkaSecurity& security) {
  if (security.mechanism == SaslMechanism::none) return security.tls.enabled ? "ssl" : "plaintext";
  return security.tls.enabled ? "sasl_ssl" : "sasl_plaintext";
}

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
  properties["security.protocol"] = security_protocol(security);
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

std::optional<std::string> refused_property(const std::string& name) {
  const auto found = refusals().find(name);
  if (found == refusals().end()) return std::nullopt;
  return found->second;
}

std::string broker_list(const KafkaConnection& settings) {
  return fmt::format("{}", fmt::join(settings.brokers, ","));
}

}  // namespace jobscaler::kafka
