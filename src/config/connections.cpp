#include <chrono>

#include "config/sections.h"

namespace jobscaler::config {
namespace {

using namespace std::chrono_literals;

constexpr int kAmqpsPort = 5671;
const Integer kPort{1, 65535};
const Span kTimeout{100ms, 5min};
const Text kHost{"a host name or an IP address, without scheme, port or user", is_host};
const Text kVhost{"the name of a virtual host, of at most 255 bytes", is_shortstr};
const Text kUsername{"a user name of at most 255 bytes", is_shortstr};
const Text kManagement{
    "the management API's URL, such as http://rabbitmq:15672 (without IPv6 address, user, password "
    "and query)",
    is_http_url};
const Text kPemFile{"the path of a PEM file"};

void require_both(const Mapping& tls) {
  const bool certificate = tls.find("certificate").has_value();
  const bool key = tls.find("key").has_value();
  if (certificate == key) return;
  tls.value().report().error(tls.value().path() / (certificate ? "key" : "certificate"),
                             "missing; a client certificate needs both certificate and key");
}

/// true, false, or a mapping, which means true.
struct Tls {
  std::string allowed() const { return "true, false or " + mapping_with(kTlsKeys); }

  std::optional<TlsConfig> read(const Value& value) const {
    TlsConfig config;
    if (value.node().kind == YamlNode::Kind::map) {
      read_mapping(Mapping(value, kTlsKeys), config);
    } else if (value.node().kind == YamlNode::Kind::scalar && !value.node().quoted) {
      config.enabled = Boolean().read(value).value_or(false);
    } else {
      value.expected(allowed());
    }
    return config;
  }

  static void read_mapping(const Mapping& tls, TlsConfig& config) {
    config.enabled = true;
    tls.optional("ca", kPemFile, config.ca_file);
    tls.optional("certificate", kPemFile, config.certificate_file);
    tls.optional("key", kPemFile, config.key_file);
    tls.optional("verify", Boolean(), config.verify);
    require_both(tls);
    if (config.verify) return;
    tls.value().report().warning(
        tls.value().path() / "verify",
        "the broker's certificate is not checked: whoever stands in between can read the password");
  }
};

void read_password(const Mapping& mapping, RabbitmqConnection& connection) {
  const SecretReference password;
  const bool guest = connection.username == "guest";
  if (guest) return mapping.optional("password", password, connection.password);
  mapping.required("password", password, connection.password);
}

void read_rabbitmq(const Value& value, RabbitmqConnection& connection) {
  const Mapping mapping(value, kRabbitmqConnectionKeys);
  mapping.required("host", kHost, connection.host);
  mapping.optional("vhost", kVhost, connection.vhost);
  mapping.optional("username", kUsername, connection.username);
  read_password(mapping, connection);
  mapping.optional("management", kManagement, connection.management);
  mapping.optional("tls", Tls(), connection.tls);
  mapping.optional("timeout", kTimeout, connection.timeout);
  if (connection.tls.enabled) connection.port = kAmqpsPort;
  mapping.optional("port", kPort, connection.port);
}

}  // namespace

std::vector<RabbitmqConnection> read_connections(const Value& value) {
  const std::string allowed = "a mapping of names to connections";
  const auto entries = value.entries(allowed);
  if (entries.empty() && value.node().kind == YamlNode::Kind::map) {
    value.error("must be " + allowed + ", found an empty one");
  }
  std::vector<RabbitmqConnection> connections;
  for (const auto& [name, entry] : entries) {
    RabbitmqConnection connection;
    connection.name = name;
    if (!Name().valid(name)) entry.error("the connection's name must be " + Name().allowed());
    const Mapping mapping(entry, kConnectionKeys);
    if (const auto rabbitmq = mapping.require("rabbitmq", mapping_with(kRabbitmqConnectionKeys))) {
      read_rabbitmq(*rabbitmq, connection);
    }
    connections.push_back(std::move(connection));
  }
  return connections;
}

}  // namespace jobscaler::config
