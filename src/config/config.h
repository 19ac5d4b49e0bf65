#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "jobscaler/clock.h"
#include "jobscaler/result.h"
#include "jobscaler/spec.h"

namespace jobscaler {

/// Where a secret is to be found. Read when it is used, never kept in the configuration, so that a
/// rotated file is picked up by the next connection.
struct Secret {
  enum class Origin { none, file, env };
  Origin origin = Origin::none;
  std::string name;  ///< path or variable

  bool operator==(const Secret&) const = default;
};

/// The secret's value, without one trailing newline; of Origin::none, an empty string. Error:
/// not_found with the path or variable named and what is wrong with it (absent, empty, over 64
/// KiB).
Result<std::string> read_secret(const Secret& secret);

struct TlsConfig {
  bool enabled = false;
  std::string ca_file;           ///< empty: the system's
  std::string certificate_file;  ///< client certificate; empty: none
  std::string key_file;
  bool verify = true;

  bool operator==(const TlsConfig&) const = default;
};

struct RabbitmqConnection {
  std::string name;
  std::string host;
  int port = 5672;  ///< 5671 with TLS
  std::string vhost = "/";
  std::string username = "guest";
  Secret password;                        ///< none: "guest"
  std::optional<std::string> management;  ///< base URL of the management API
  TlsConfig tls;
  Duration timeout = std::chrono::seconds(2);  ///< of each step of each exchange

  bool operator==(const RabbitmqConnection&) const = default;
};

enum class AgeChoice { automatic, timestamp, arrivals, bound, none };

struct RabbitmqSource {
  std::string connection;
  std::string queue;
  AgeChoice age = AgeChoice::automatic;

  bool operator==(const RabbitmqSource&) const = default;
};

enum class SaslMechanism { none, plain, scram_sha_256, scram_sha_512 };

struct KafkaSecurity {
  TlsConfig tls;
  SaslMechanism mechanism = SaslMechanism::none;
  std::string username;
  Secret password;

  bool operator==(const KafkaSecurity&) const = default;
};

struct KafkaConnection {
  std::string name;
  std::vector<std::string> brokers;  ///< host:port each; one that answers is enough to find all
  KafkaSecurity security;
  std::map<std::string, std::string> properties;  ///< librdkafka's, see config/kafka_properties.h
  Duration timeout = std::chrono::seconds(2);     ///< of each step of a reading

  bool operator==(const KafkaConnection&) const = default;
};

/// Where consumers of the group begin in a partition it has committed no offset for.
enum class NoOffset { earliest, latest };
enum class Isolation { read_committed, read_uncommitted };
/// What bounds the workers that can be fed at once.
enum class KafkaLimit { lagging_partitions, partitions };

struct KafkaSource {
  std::string connection;
  std::string group;
  std::vector<std::string> topics;
  NoOffset when_no_offset = NoOffset::earliest;
  Isolation isolation = Isolation::read_committed;
  KafkaLimit limit_to = KafkaLimit::lagging_partitions;

  bool operator==(const KafkaSource&) const = default;
};

struct KubernetesConfig {
  std::string name_space;  ///< empty: the pod's own, else the kubeconfig context's, else "default"
  std::string kubeconfig;  ///< path; empty: see kube/credentials.h
  std::string context;     ///< empty: the kubeconfig's current one
  std::string instance = "jobscaler";  ///< tells several daemons in one namespace apart
  Duration timeout = std::chrono::seconds(10);

  bool operator==(const KubernetesConfig&) const = default;
};

struct NodeGroupConfig {
  NodeGroupSpec spec;
  std::map<std::string, std::string> node_selector;
  std::string tolerations_json = "[]";  ///< a JSON array

  bool operator==(const NodeGroupConfig&) const = default;
};

struct ScalerConfig {
  ScalerSpec spec;
  std::variant<RabbitmqSource, KafkaSource> source;
  std::string job_spec_json;  ///< the user's Job spec as JSON, unchanged

  bool operator==(const ScalerConfig&) const = default;
};

struct Config {
  KubernetesConfig kubernetes;
  std::vector<RabbitmqConnection> rabbitmq;
  std::vector<KafkaConnection> kafka;  ///< no name is also one of `rabbitmq`
  std::vector<NodeGroupConfig> node_groups;
  std::vector<ScalerConfig> scalers;

  bool operator==(const Config&) const = default;
};

EngineSpec engine_spec(const Config& config);

/// One thing that is wrong, or (warning) legal and probably not meant.
struct Problem {
  enum class Severity { error, warning };
  Severity severity = Severity::error;
  int line = 0;      ///< 1-based; 0: the file as a whole
  int column = 0;    ///< 1-based
  std::string path;  ///< scalers[0].workers.max
  std::string text;  ///< what was found and what is allowed

  bool operator==(const Problem&) const = default;
};

struct ParsedConfig {
  std::optional<Config> config;   ///< absent when there is an error
  std::vector<Problem> problems;  ///< in the order of the file
};

/// Parses and validates. Never throws, whatever the text.
ParsedConfig parse_config(const std::string& yaml);

/// What is in the file; nothing of it is looked at.
Result<std::string> read_config(const std::string& file);

/// Of what read_config() returned; a file that cannot be read is a problem without a line.
ParsedConfig parse_config(const Result<std::string>& text);

/// Both.
ParsedConfig load_config(const std::string& file);

/// "config/jobscaler.yaml:12:5: error: scalers[0].workers.max: ..."
std::string format_problem(const std::string& file, const Problem& problem);

}  // namespace jobscaler
