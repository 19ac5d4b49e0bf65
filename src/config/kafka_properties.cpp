#include "config/kafka_properties.h"

#include <map>

namespace jobscaler::config {
namespace {

constexpr const char* kServers = "write it as the connection's bootstrapServers";
constexpr const char* kTls = "write it as the connection's tls";
constexpr const char* kSasl =
    "write it as the connection's sasl, which knows PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512";
constexpr const char* kOurs = "jobscaler sets it itself";
constexpr const char* kMember = "jobscaler must not become a member of the group";
constexpr const char* kCommits = "jobscaler must not commit offsets";
constexpr const char* kFetches = "jobscaler reads single records and must not prefetch";
constexpr const char* kPassword =
    "a secret has no place in a configuration file; write it as the connection's sasl.password, "
    "{file: PATH} or {env: NAME}";
constexpr const char* kKey =
    "a secret has no place in a configuration file; name a file as the connection's tls.key, with "
    "a key that needs no password";
constexpr const char* kCode = "it would load code into jobscaler";
constexpr const char* kUnheard = "nobody would see or use what it gives";

const std::map<std::string_view, const char*>& refusals() {
  static const std::map<std::string_view, const char*> refusals{
      {"bootstrap.servers", kServers},
      {"metadata.broker.list", kServers},
      {"sasl.password", kPassword},
      {"ssl.ca.location", kTls},
      {"ssl.certificate.location", kTls},
      {"ssl.key.location", kTls},
      {"enable.ssl.certificate.verification", kTls},
      {"ssl.endpoint.identification.algorithm", "it follows from the connection's tls.verify"},
      {"ssl.key.password", kKey},
      {"ssl.key.pem", kKey},
      {"ssl.keystore.password", kKey},
      {"group.id", "write it as the scaler's group"},
      {"group.instance.id", kMember},
      {"enable.auto.commit", kCommits},
      {"enable.auto.offset.store", kCommits},
      {"auto.commit.interval.ms", kCommits},
      {"auto.commit.enable", kCommits},
      {"auto.offset.reset", "write it as the scaler's whenNoOffset"},
      {"isolation.level", "write it as the scaler's isolationLevel"},
      {"allow.auto.create.topics", "jobscaler must not create topics"},
      {"enable.partition.eof", kOurs},
      {"queued.min.messages", kFetches},
      {"queued.max.messages.kbytes", kFetches},
      {"fetch.message.max.bytes", kFetches},
      {"max.partition.fetch.bytes", kFetches},
      {"fetch.max.bytes", kFetches},
      {"fetch.min.bytes", kFetches},
      {"fetch.wait.max.ms", kFetches},
      {"socket.timeout.ms", "write it as the connection's timeout"},
      {"receive.message.max.bytes",
       "it must go with fetch.max.bytes, which is not set here either"},
      {"reconnect.backoff.ms",
       "it must not exceed reconnect.backoff.max.ms, which jobscaler sets itself"},
      {"reconnect.backoff.max.ms", kOurs},
      {"socket.connection.setup.timeout.ms", kOurs},
      {"plugin.library.paths", kCode},
      {"ssl.engine.location", kCode},
      {"debug", kUnheard},
      {"enabled_events", kUnheard},
      {"log_level", kUnheard},
      {"statistics.interval.ms", kUnheard}};
  return refusals;
}

}  // namespace

std::string_view security_protocol(const KafkaSecurity& security) {
  if (security.mechanism == SaslMechanism::none) return security.tls.enabled ? "SSL" : "PLAINTEXT";
  return security.tls.enabled ? "SASL_SSL" : "SASL_PLAINTEXT";
}

std::optional<std::string> refused_property(std::string_view name) {
  const auto found = refusals().find(name);
  if (found != refusals().end()) return found->second;
  if (name.starts_with("sasl.")) return kSasl;
  return std::nullopt;
}

}  // namespace jobscaler::config
