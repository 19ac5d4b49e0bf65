#pragma once

#include <string>

#include "jobscaler/result.h"

namespace jobscaler::demo {

/// Where a broker is and who we are there.
struct Address {
  std::string host;
  int port = 5672;
  std::string vhost = "/";
  std::string user = "guest";
  std::string password = "guest";
  int heartbeat = 10;  ///< seconds; a peer silent for twice as long is gone; 0: none

  bool operator==(const Address&) const = default;
};

/// amqp://user:password@host:port/vhost?heartbeat=SECONDS, percent-encoded, as RabbitMQ's
/// "URI specification" and "URI query parameters" have it; everything after the host is optional.
/// Error: malformed, with a text that does not repeat the password.
Result<Address> parse_url(const std::string& url);

/// "RabbitMQ at 127.0.0.1:5672": how texts name the broker.
std::string describe(const Address& address);

}  // namespace jobscaler::demo
