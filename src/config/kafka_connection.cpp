#include <fmt/format.h>

#include <algorithm>

#include "config/kafka_properties.h"
#include "config/plain.h"
#include "config/sections.h"
#include "config/text.h"

namespace jobscaler::config {
namespace {

const Text kBroker{"a broker's HOST:PORT, such as kafka:9092", is_broker};
const Text kUsername{"a user name"};
const Choice<SaslMechanism, 3> kMechanism{{{{"PLAIN", SaslMechanism::plain},
                                            {"SCRAM-SHA-256", SaslMechanism::scram_sha_256},
                                            {"SCRAM-SHA-512", SaslMechanism::scram_sha_512}}}};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  for (std::size_t comma = 0; comma != text.npos;) {
    comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    part.remove_suffix(part.size() - (part.find_last_not_of(' ') + 1));
    parts.emplace_back(part);
    if (comma != text.npos) text.remove_prefix(comma + 1);
  }
  return parts;
}

bool is_broker_list(std::string_view text) {
  const auto parts = split(text);
  return std::all_of(parts.begin(), parts.end(), is_broker);
}

/// "a:9092,b:9092", or a list of strings.
struct Brokers {
  std::string allowed() const {
    return "a broker's HOST:PORT, such as kafka:9092, or several, with commas in between or as a "
           "list";
  }

  std::optional<std::vector<std::string>> read(const Value& value) const {
    if (value.node().kind != YamlNode::Kind::list) {
      const std::string words = allowed();
      const auto text = Text{words, is_broker_list}.read(value);
      return text ? std::optional(split(*text)) : std::nullopt;
    }
    std::vector<std::string> brokers;
    for (const Value& item : value.items(allowed())) {
      brokers.push_back(kBroker.read(item).value_or(""));
    }
    return brokers;
  }
};

void read_sasl(const Value& value, KafkaSecurity& security) {
  const Mapping mapping(value, kSaslKeys);
  mapping.required("mechanism", kMechanism, security.mechanism);
  mapping.required("username", kUsername, security.username);
  mapping.required("password", SecretReference(), security.password);
}

/// What librdkafka is given for one of its properties. Never shown: it may be a secret.
struct PropertyValue {
  std::string allowed() const { return "a string, a number, true or false"; }

  std::optional<std::string> read(const Value& value) const {
    const YamlNode& node = value.node();
    const Plain plain = node.quoted ? Plain::text : classify(node.text);
    if (node.kind != YamlNode::Kind::scalar || plain == Plain::null) {
      value.expected(allowed());
    } else if (is_ambiguous(plain)) {
      value.error("YAML readers do not agree on what this is; quote it");
    } else if (has_control_character(node.text)) {
      value.error("must not contain control characters");
    } else if (plain == Plain::boolean) {
      return Boolean().read(value).value_or(false) ? "true" : "false";
    } else {
      return node.text;
    }
    return std::nullopt;
  }
};

struct PropertyMap {
  std::string allowed() const { return "a mapping of librdkafka's properties to their values"; }

  std::optional<std::map<std::string, std::string>> read(const Value& value) const {
    std::map<std::string, std::string> properties;
    for (const auto& [name, entry] : value.entries(allowed())) {
      if (const auto why = refused_property(name)) {
        entry.error("cannot be set here: " + *why);
      } else if (const auto text = PropertyValue().read(entry)) {
        properties[name] = *text;
      }
    }
    return properties;
  }
};

/// security.protocol follows from tls and sasl. Whoever writes it all the same must mean the same.
void check_protocol(const Value& connection, const KafkaSecurity& security) {
  const auto properties = connection.find("properties");
  const auto property = properties ? properties->find(kSecurityProtocol) : std::nullopt;
  const Report& report = connection.report();
  const Path& path = connection.path();
  if (!property || !report.clean(path / "tls") || !report.clean(path / "sasl")) return;
  const std::string_view protocol = security_protocol(security);
  if (property->node().text == protocol) return;
  property->error(fmt::format("tls and sasl make it {}; leave it out, and set those", protocol));
}

}  // namespace

KafkaConnection read_kafka_connection(const std::string& name, const Value& value) {
  const Mapping mapping(value, kKafkaConnectionKeys);
  KafkaConnection connection;
  connection.name = name;
  mapping.required("bootstrapServers", Brokers(), connection.brokers);
  mapping.optional("tls", Tls(), connection.security.tls);
  if (const auto sasl = mapping.find("sasl")) read_sasl(*sasl, connection.security);
  mapping.optional("properties", PropertyMap(), connection.properties);
  mapping.optional("timeout", kTimeout, connection.timeout);
  check_protocol(value, connection.security);
  return connection;
}

}  // namespace jobscaler::config
