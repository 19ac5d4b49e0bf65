#include "demo/url.h"

#include <amqp.h>
#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace jobscaler::demo {
namespace {

constexpr std::string_view kForm = "amqp://user:password@host:5672/vhost";
constexpr std::string_view kHeartbeat = "heartbeat=";

Error malformed(std::string_view what) {
  return {ErrorKind::malformed, fmt::format("{}; a broker's URL is {}", what, kForm)};
}

bool parse_query(std::string_view query, Address& address) {
  if (!query.starts_with(kHeartbeat)) return false;
  query.remove_prefix(kHeartbeat.size());
  const char* end = query.data() + query.size();
  const auto [stop, error] = std::from_chars(query.data(), end, address.heartbeat);
  return error == std::errc() && stop == end && address.heartbeat >= 0;
}

}  // namespace

Result<Address> parse_url(const std::string& url) {
  if (url.starts_with("amqps://")) return malformed("the demo speaks AMQP without TLS only");
  Address address;
  const auto question = url.find('?');
  if (question != std::string::npos && !parse_query(url.substr(question + 1), address))
    return malformed("the only query that is understood is ?heartbeat=SECONDS");

  std::string buffer = url.substr(0, question);  // amqp_parse_url() takes it apart in place
  amqp_connection_info info{};
  if (amqp_parse_url(buffer.data(), &info) != AMQP_STATUS_OK) return malformed("not a URL");
  address.host = info.host;
  address.port = info.port;
  address.user = info.user;
  address.password = info.password;
  if (*info.vhost != '\0') address.vhost = info.vhost;  // nobody names a vhost ""
  return address;
}

std::string describe(const Address& address) {
  return fmt::format("RabbitMQ at {}:{}", address.host, address.port);
}

}  // namespace jobscaler::demo
