#pragma once

#include <string>

#include "config/config.h"

namespace jobscaler::kafka::test {

/// A real broker of its own, started and stopped by scripts/private_kafka.sh. Throws
/// std::runtime_error if it does not start.
class Broker {
 public:
  Broker();
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// "restart", "kill9", "freeze" or "thaw".
  void script(const std::string& command);

  /// Settings of a connection named "test" to it, in plain text.
  KafkaConnection settings() const;
  /// Over TLS, with the right CA.
  KafkaConnection tls_settings() const;
  /// As the user that it knows; the password is in a file.
  KafkaConnection sasl_settings(SaslMechanism mechanism) const;

  std::string variable(const std::string& name) const;
  std::string address() const { return variable("KAFKA_BROKER"); }
  /// The file that holds a partition's first records.
  std::string segment(const std::string& topic, int partition) const;

 private:
  std::string dir_;
};

/// The broker that all cases share; topics and groups are told apart by name. Ends with the
/// process. A case that stops it brings it back.
Broker& shared_broker();

}  // namespace jobscaler::kafka::test
