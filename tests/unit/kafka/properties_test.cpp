#include "kafka/properties.h"

#include <catch2/catch.hpp>

#include "config/kafka_properties.h"

namespace jobscaler::kafka {
namespace {

KafkaConnection settings() {
  KafkaConnection settings;
  settings.name = "events";
  settings.brokers = {"one:9092", "two:9092"};
  return settings;
}

}  // namespace

TEST_CASE("a handle never commits, prefetches or creates topics") {
  const auto group = group_properties(settings(), "", "g");
  CHECK(group.at("bootstrap.servers") == "one:9092,two:9092");
  CHECK(group.at("group.id") == "g");
  CHECK(group.at("enable.auto.commit") == "false");
  CHECK(group.at("enable.auto.offset.store") == "false");
  CHECK(group.at("allow.auto.create.topics") == "false");
  CHECK(group.at("isolation.level") == "read_uncommitted");
  CHECK(group.at("socket.timeout.ms") == "2000");
  CHECK(group.at("socket.connection.setup.timeout.ms") == "2000");
  CHECK(group.at("reconnect.backoff.max.ms") == "1000");
  CHECK(group.at("security.protocol") == "PLAINTEXT");
  CHECK_FALSE(group.contains("sasl.password"));

  const auto log = log_properties(settings(), "", "g", Isolation::read_committed);
  CHECK(log.at("enable.auto.commit") == "false");
  CHECK(log.at("isolation.level") == "read_committed");
  CHECK(log.at("auto.offset.reset") == "error");
  CHECK(log.at("enable.partition.eof") == "true");
  CHECK(log.at("fetch.message.max.bytes") == "1024");
  CHECK(log_properties(settings(), "", "g", Isolation::read_uncommitted).at("isolation.level") ==
        "read_uncommitted");
}

TEST_CASE("librdkafka's timeout is the connection's, within what librdkafka takes") {
  auto patient = settings();
  patient.timeout = std::chrono::hours(1);
  CHECK(group_properties(patient, "", "g").at("socket.timeout.ms") == "300000");
  patient.timeout = std::chrono::milliseconds(1);
  CHECK(group_properties(patient, "", "g").at("socket.timeout.ms") == "100");
}

TEST_CASE("TLS and SASL make the protocol") {
  auto secured = settings();
  secured.security.tls = {.enabled = true,
                          .ca_file = "ca.pem",
                          .certificate_file = "cert.pem",
                          .key_file = "key.pem",
                          .verify = true};
  const auto tls = group_properties(secured, "", "g");
  CHECK(tls.at("security.protocol") == "SSL");
  CHECK(tls.at("ssl.ca.location") == "ca.pem");
  CHECK(tls.at("ssl.certificate.location") == "cert.pem");
  CHECK(tls.at("ssl.key.location") == "key.pem");
  CHECK(tls.at("enable.ssl.certificate.verification") == "true");
  CHECK(tls.at("ssl.endpoint.identification.algorithm") == "https");

  secured.security.tls.verify = false;
  secured.security.mechanism = SaslMechanism::scram_sha_512;
  secured.security.username = "scaler";
  const auto both = group_properties(secured, "secret", "g");
  CHECK(both.at("security.protocol") == "SASL_SSL");
  CHECK(both.at("enable.ssl.certificate.verification") == "false");
  CHECK(both.at("ssl.endpoint.identification.algorithm") == "none");
  CHECK(both.at("sasl.mechanism") == "SCRAM-SHA-512");
  CHECK(both.at("sasl.username") == "scaler");
  CHECK(both.at("sasl.password") == "secret");

  secured.security.tls.enabled = false;
  CHECK(group_properties(secured, "secret", "g").at("security.protocol") == "SASL_PLAINTEXT");
}

TEST_CASE("a user's properties are passed on, and none that is refused would have an effect") {
  auto custom = settings();
  custom.properties = {{"client.id", "mine"}, {"broker.address.family", "v4"}};
  const auto properties = group_properties(custom, "", "g");
  CHECK(properties.at("client.id") == "mine");
  CHECK(properties.at("broker.address.family") == "v4");
  CHECK(group_properties(settings(), "", "g").at("client.id") == "jobscaler");
}

TEST_CASE("every property that jobscaler sets itself is refused, but for two") {
  auto secured = settings();
  secured.security.tls = {.enabled = true,
                          .ca_file = "ca.pem",
                          .certificate_file = "cert.pem",
                          .key_file = "key.pem",
                          .verify = true};
  secured.security.mechanism = SaslMechanism::plain;
  for (const auto& [name, value] :
       log_properties(secured, "secret", "g", Isolation::read_committed)) {
    INFO(name);
    // The first is anybody's to choose, the second must agree with what is set.
    const bool allowed = name == "client.id" || name == config::kSecurityProtocol;
    CHECK(config::refused_property(name).has_value() == !allowed);
  }
}

}  // namespace jobscaler::kafka
