#include "broker.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace jobscaler::kafka::test {
namespace {

void run(const std::string& arguments) {
  const std::string command = fmt::format("'{}' {}", PRIVATE_KAFKA, arguments);
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

}  // namespace

Broker::Broker() {
  std::string pattern = std::filesystem::temp_directory_path() / "kafka-test-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
  dir_ = pattern;
  run(fmt::format("start --secure '{}'", dir_));
  std::ofstream(dir_ + "/password") << variable("KAFKA_PASSWORD");
}

Broker::~Broker() {
  const std::string command = fmt::format("'{}' stop '{}'", PRIVATE_KAFKA, dir_);
  if (std::system(command.c_str()) == 0) std::filesystem::remove_all(dir_);
}

void Broker::script(const std::string& command) {
  run(fmt::format("{} '{}'", command, dir_));
}

std::string Broker::variable(const std::string& name) const {
  std::ifstream file(dir_ + "/env");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(name + "=", 0) == 0) return line.substr(name.size() + 1);
  }
  throw std::runtime_error(name + " is not in " + dir_ + "/env");
}

std::string Broker::segment(const std::string& topic, int partition) const {
  return fmt::format("{}/data/{}-{}/{:020}.log", dir_, topic, partition, 0);
}

KafkaConnection Broker::settings() const {
  KafkaConnection settings;
  settings.name = "test";
  settings.brokers = {address()};
  settings.timeout = std::chrono::seconds(20);
  return settings;
}

KafkaConnection Broker::tls_settings() const {
  KafkaConnection settings = this->settings();
  settings.brokers = {variable("KAFKA_TLS_BROKER")};
  settings.security.tls.enabled = true;
  settings.security.tls.ca_file = variable("TLS_CA");
  return settings;
}

KafkaConnection Broker::sasl_settings(SaslMechanism mechanism) const {
  KafkaConnection settings = this->settings();
  settings.brokers = {variable("KAFKA_SASL_BROKER")};
  settings.security.mechanism = mechanism;
  settings.security.username = variable("KAFKA_USERNAME");
  settings.security.password = {Secret::Origin::file, dir_ + "/password"};
  return settings;
}

Broker& shared_broker() {
  static Broker broker;
  return broker;
}

}  // namespace jobscaler::kafka::test
