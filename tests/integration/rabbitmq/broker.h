#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"

namespace jobscaler::rabbitmq::test {

/// A real broker of its own, started and stopped by scripts/private_rabbitmq.sh. Throws
/// std::runtime_error if it does not start.
class Broker {
 public:
  explicit Broker(const std::string& options);
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// "restart", "kill9", "freeze" or "thaw".
  void script(const std::string& command);

  /// Settings of a connection named "test" to it, as guest.
  RabbitmqConnection settings() const;
  /// The same over TLS, with the right CA and client certificate.
  RabbitmqConnection tls_settings() const;
  /// The same as settings(), with the management API.
  RabbitmqConnection managed_settings() const;

  std::string variable(const std::string& name) const;

 private:
  std::string dir_;
};

/// The broker that the cases share (TLS listener that requires client certificates, statistics
/// every half second); queues are told apart by name. Ends with the process.
Broker& shared_broker();

/// A queue name nobody has used yet.
std::string new_queue_name(const std::string& hint);

/// PUT or POST to the management API as guest. Throws unless the answer is 2xx.
void manage(const Broker& broker, const std::string& method, const std::string& path,
            const std::string& body);

}  // namespace jobscaler::rabbitmq::test
