#include "config/sections.h"

namespace jobscaler::config {
namespace {

constexpr int kAmqpsPort = 5671;
const Integer kPort{1, 65535};
const Text kHost{"a host name or an IP address, without scheme, port or user", is_host};
const Text kVhost{"the name of a virtual host, of at most 255 bytes", is_shortstr};
const Text kUsername{"a user name of at most 255 bytes", is_shortstr};
const Text kManagement{
    "the management API's URL, such as http://rabbitmq:15672 (without IPv6 address, user, password "
    "and query)",
    is_http_url};

void read_password(const Mapping& mapping, RabbitmqConnection& connection) {
  const SecretReference password;
  const bool guest = connection.username == "guest";
  if (guest) return mapping.optional("password", password, connection.password);
  mapping.required("password", password, connection.password);
}

}  // namespace

RabbitmqConnection read_rabbitmq_connection(const std::string& name, const Value& value) {
  const Mapping mapping(value, kRabbitmqConnectionKeys);
  RabbitmqConnection connection;
  connection.name = name;
  mapping.required("host", kHost, connection.host);
  mapping.optional("vhost", kVhost, connection.vhost);
  mapping.optional("username", kUsername, connection.username);
  read_password(mapping, connection);
  mapping.optional("management", kManagement, connection.management);
  mapping.optional("tls", Tls(), connection.tls);
  mapping.optional("timeout", kTimeout, connection.timeout);
  if (connection.tls.enabled) connection.port = kAmqpsPort;
  mapping.optional("port", kPort, connection.port);
  return connection;
}

}  // namespace jobscaler::config
