#include "broker.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "http/client.h"

namespace jobscaler::rabbitmq::test {
namespace {

constexpr const char* kScript = PRIVATE_RABBITMQ_SCRIPT;

void run(const std::string& arguments) {
  const std::string command = fmt::format("'{}' {}", kScript, arguments);
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

}  // namespace

Broker::Broker(const std::string& options) {
  std::string pattern = std::filesystem::temp_directory_path() / "rabbitmq-test-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
  dir_ = pattern;
  run(fmt::format("start {} '{}'", options, dir_));
}

Broker::~Broker() {
  const std::string command = fmt::format("'{}' stop '{}'", kScript, dir_);
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

RabbitmqConnection Broker::settings() const {
  RabbitmqConnection settings;
  settings.name = "test";
  settings.host = variable("AMQP_HOST");
  settings.port = std::stoi(variable("AMQP_PORT"));
  return settings;
}

RabbitmqConnection Broker::tls_settings() const {
  RabbitmqConnection settings = this->settings();
  settings.port = std::stoi(variable("AMQPS_PORT"));
  settings.tls = {.enabled = true,
                  .ca_file = variable("TLS_CA"),
                  .certificate_file = variable("TLS_CERT"),
                  .key_file = variable("TLS_KEY"),
                  .verify = true};
  return settings;
}

RabbitmqConnection Broker::managed_settings() const {
  RabbitmqConnection settings = this->settings();
  settings.management = variable("MANAGEMENT_URL");
  return settings;
}

Broker& shared_broker() {
  static Broker broker("--tls --verify-clients --stats-interval 500");
  return broker;
}

std::string new_queue_name(const std::string& hint) {
  static int count = 0;
  return fmt::format("{}-{}", hint, ++count);
}

void manage(const Broker& broker, const std::string& method, const std::string& path,
            const std::string& body) {
  http::Client client(broker.variable("MANAGEMENT_URL"), {}, std::chrono::seconds(10));
  http::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  request.headers.emplace_back("Authorization", "Basic Z3Vlc3Q6Z3Vlc3Q=");
  const auto response = client.send(request);
  if (!response) throw std::runtime_error(response.error().message);
  if (response->status / 100 != 2) throw std::runtime_error(path + ": " + response->body);
}

}  // namespace jobscaler::rabbitmq::test
