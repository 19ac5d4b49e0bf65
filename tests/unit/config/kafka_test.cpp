#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "config/kafka_properties.h"
#include "documents.h"

namespace jobscaler {
namespace {

const std::string kBrokerProblem =
    "f:2:38: error: connections.events.kafka.bootstrapServers: must be a broker's HOST:PORT, such "
    "as kafka:9092, or several, with commas in between or as a list, found ";

std::string with_connection(const std::string& more) {
  return KafkaDocument{.connection = "{bootstrapServers: kafka, " + more + "}"}.text();
}

std::string with_sasl(const std::string& sasl) {
  return with_connection("sasl: " + sasl);
}

std::string with_properties(const std::string& properties) {
  return with_connection("properties: {" + properties + "}");
}

std::string with_source(const std::string& more) {
  return KafkaDocument{.source = "{connection: events, group: g, " + more + "}"}.text();
}

}  // namespace

TEST_CASE("a connection and a scaler are of one kind of broker") {
  check({
      {R"(connections:
  one: {}
  both: {rabbitmq: {host: rabbit}, kafka: {bootstrapServers: kafka}}
scalers:
  - name: none
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: &job {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
  - name: two
    rabbitmq: {connection: both, queue: q}
    kafka: {connection: both, group: g, topics: [t]}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: *job
  - name: of-none
    kafka: {connection: one, group: g, topics: [t]}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: *job
)",
       {"f:2:8: error: connections.one: needs rabbitmq or kafka",
        "f:3:43: error: connections.both.kafka: rabbitmq is there, too; must be one of them",
        "f:5:5: error: scalers[0]: needs rabbitmq or kafka",
        "f:11:12: error: scalers[1].kafka: rabbitmq is there, too; must be one of them"}},
  });
}

TEST_CASE("a scaler names a connection of its own kind") {
  constexpr std::string_view yaml = R"(connections:
  rabbit: {{rabbitmq: {{host: rabbit}}}}
  events: {{kafka: {{bootstrapServers: kafka}}}}
scalers:
  - name: orders
    rabbitmq: {{connection: {}, queue: q}}
    scaleUp: {{messagesAbove: 0}}
    workers: {{max: 5}}
    job: &job {{template: {{spec: {{containers: [{{name: worker, image: worker:1}}]}}}}}}
  - name: clicks
    kafka: {{connection: {}, group: g, topics: [t]}}
    scaleUp: {{messagesAbove: 0}}
    workers: {{max: 5}}
    job: *job
)";
  check({
      {fmt::format(yaml, "rabbit", "events"), {}},
      {fmt::format(yaml, "events", "rabbit"),
       {"f:6:28: error: scalers[0].rabbitmq.connection: events is no RabbitMQ connection",
        "f:11:25: error: scalers[1].kafka.connection: rabbit is no Kafka connection"}},
      {fmt::format(yaml, "event", "evnts"),
       {"f:6:28: error: scalers[0].rabbitmq.connection: there is no RabbitMQ connection event. "
        "There is only: rabbit",
        "f:11:25: error: scalers[1].kafka.connection: there is no Kafka connection evnts; did you "
        "mean events? There is only: events"}},
      {Document{.source = "{connection: rabit, queue: orders}"}.text() +
           "  - {name: k, kafka: {connection: k, group: g, topics: [t]}, scaleUp: {messagesAbove: "
           "0}, workers: {max: 1}, job: {template: {spec: {containers: [{name: w, image: i}]}}}}\n",
       {"f:5:28: error: scalers[0].rabbitmq.connection: there is no RabbitMQ connection rabit; did "
        "you mean rabbit? There is only: rabbit",
        "f:9:35: error: scalers[1].kafka.connection: there is no Kafka connection k, nor any "
        "other"}},
  });
}

TEST_CASE("brokers are hosts with or without a port and nothing more") {
  for (const char* servers : {R"("PLAINTEXT://kafka:9092")", R"("u:hunter2@kafka")", "kafka:0",
                              R"("a:9092,")", R"("a:9092;b:9092")", R"("::1")", R"("[::1")",
                              R"("[::1]9092")", R"("[kafka]:9092")", R"("a b")"}) {
    const KafkaDocument document{.connection = fmt::format("{{bootstrapServers: {}}}", servers)};
    CHECK(problems_of(document.text()) == std::vector{kBrokerProblem + "a string that is not one"});
  }
  check({
      {KafkaDocument{.connection = R"({bootstrapServers: ""})"}.text(),
       {kBrokerProblem + "an empty string"}},
      {KafkaDocument{.connection = "{bootstrapServers: []}"}.text(),
       {kBrokerProblem + "an empty list"}},
      {KafkaDocument{.connection = "{bootstrapServers: {a: 9092}}"}.text(),
       {kBrokerProblem + "a mapping"}},
      {KafkaDocument{.connection = R"({bootstrapServers: ["a:9092", "b:9092,c:9092"]})"}.text(),
       {"f:2:49: error: connections.events.kafka.bootstrapServers[1]: must be a broker's "
        "HOST:PORT, such as kafka:9092, found a string that is not one"}},
      {KafkaDocument{.connection = "{}"}.text(),
       {"f:2:19: error: connections.events.kafka.bootstrapServers: missing; must be a broker's "
        "HOST:PORT, such as kafka:9092, or several, with commas in between or as a list"}},
  });
}

TEST_CASE("a Kafka connection's keys are known, and tls and timeout are as RabbitMQ's") {
  check({
      {with_connection("sasll: {}"),
       {"f:2:45: error: connections.events.kafka.sasll: unknown key; did you mean sasl? Allowed "
        "here: bootstrapServers, tls, sasl, properties, timeout"}},
      {with_connection("tls: {certificate: a}"),
       {"f:2:50: error: connections.events.kafka.tls.key: missing; a client certificate needs both "
        "certificate and key"}},
      {with_connection("timeout: 6m"),
       {"f:2:54: error: connections.events.kafka.timeout: must be a duration from 100ms to 5m, "
        "such as 250ms, 10s, 5m or 1h30m, found 6m"}},
  });
}

TEST_CASE("SASL needs a mechanism that is supported, a name and where to find the password") {
  check({
      {with_sasl("{}"),
       {"f:2:51: error: connections.events.kafka.sasl.mechanism: missing; must be PLAIN, "
        "SCRAM-SHA-256 or SCRAM-SHA-512",
        "f:2:51: error: connections.events.kafka.sasl.username: missing; must be a user name",
        "f:2:51: error: connections.events.kafka.sasl.password: missing; must be {file: PATH} or "
        "{env: NAME}"}},
      {with_sasl("{mechanism: AWS_MSK_IAM, username: u, password: {env: P}}"),
       {"f:2:63: error: connections.events.kafka.sasl.mechanism: must be PLAIN, SCRAM-SHA-256 or "
        "SCRAM-SHA-512, found AWS_MSK_IAM"}},
      {with_sasl(R"({mechanism: PLAIN, username: "", password: hunter2})"),
       {"f:2:80: error: connections.events.kafka.sasl.username: must be a user name, found an "
        "empty "
        "string",
        "f:2:94: error: connections.events.kafka.sasl.password: must be {file: PATH} or {env: "
        "NAME}, which say where to find the secret; the secret itself has no place in a "
        "configuration file"}},
      {with_sasl("{mechanism: PLAIN, username: u, password: {hunter2}}"),
       {"f:2:93: error: connections.events.kafka.sasl.password: must be {file: PATH} or {env: "
        "NAME}, which say where to find the secret; the secret itself has no place in a "
        "configuration file"}},
      {with_sasl("PLAIN"),
       {"f:2:51: error: connections.events.kafka.sasl: must be a mapping with the keys mechanism, "
        "username, password, found a string"}},
  });
}

TEST_CASE("a property is refused with the reason, and never shown") {
  check({
      {with_properties("group.id: hunter2"),
       {R"(f:2:68: error: connections.events.kafka.properties["group.id"]: cannot be set here: write it as the scaler's group)"}},
      {with_properties("enable.auto.commit: true"),
       {R"(f:2:78: error: connections.events.kafka.properties["enable.auto.commit"]: cannot be set here: jobscaler must not commit offsets)"}},
      {with_properties("sasl.password: hunter2"),
       {R"(f:2:73: error: connections.events.kafka.properties["sasl.password"]: cannot be set here: a secret has no place in a configuration file; write it as the connection's sasl.password, {file: PATH} or {env: NAME})"}},
      {with_properties("ssl.key.password: hunter2"),
       {R"(f:2:76: error: connections.events.kafka.properties["ssl.key.password"]: cannot be set here: a secret has no place in a configuration file; name a file as the connection's tls.key, with a key that needs no password)"}},
      {with_properties("sasl.mechanism: GSSAPI"),
       {R"(f:2:74: error: connections.events.kafka.properties["sasl.mechanism"]: cannot be set here: write it as the connection's sasl, which knows PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512)"}},
  });
}

TEST_CASE("a property that is refused has a reason that says what to write instead") {
  using config::refused_property;
  CHECK(refused_property("broker.address.family") == std::nullopt);
  CHECK(refused_property("no.such.property") == std::nullopt);
  CHECK(refused_property("client.id") == std::nullopt);
  CHECK(refused_property("security.protocol") == std::nullopt);
  CHECK(refused_property("bootstrap.servers") == "write it as the connection's bootstrapServers");
  CHECK(refused_property("ssl.ca.location") == "write it as the connection's tls");
  CHECK(refused_property("isolation.level") == "write it as the scaler's isolationLevel");
  CHECK(refused_property("group.instance.id") == "jobscaler must not become a member of the group");
  CHECK(refused_property("queued.min.messages") ==
        "jobscaler reads single records and must not prefetch");
  CHECK(refused_property("reconnect.backoff.ms") ==
        "it must not exceed reconnect.backoff.max.ms, which jobscaler sets itself");
  CHECK(refused_property("receive.message.max.bytes") ==
        "it must go with fetch.max.bytes, which is not set here either");
  CHECK(refused_property("plugin.library.paths") == "it would load code into jobscaler");
  CHECK(refused_property("debug") == "nobody would see or use what it gives");
}

TEST_CASE("a property is a string, a number, true or false") {
  check({
      {with_properties("client.id: [hunter2]"),
       {R"(f:2:69: error: connections.events.kafka.properties["client.id"]: must be a string, a number, true or false, found a list)"}},
      {with_properties("client.id: ~"),
       {R"(f:2:58: error: connections.events.kafka.properties["client.id"]: must be a string, a number, true or false, found nothing)"}},
      {with_properties("client.id: yes"),
       {R"(f:2:69: error: connections.events.kafka.properties["client.id"]: YAML readers do not agree on what this is; quote it)"}},
      {with_properties(R"(client.id: "a\nb")"),
       {R"(f:2:69: error: connections.events.kafka.properties["client.id"]: must not contain control characters)"}},
      {with_connection("properties: [client.id]"),
       {"f:2:57: error: connections.events.kafka.properties: must be a mapping of librdkafka's "
        "properties to their values, found a list"}},
  });
}

TEST_CASE("security.protocol must say what tls and sasl say") {
  const std::string sasl = "sasl: {mechanism: PLAIN, username: u, password: {env: P}}, ";
  const std::string sasl_ssl = "properties: {security.protocol: SASL_SSL}";
  check({
      {with_connection("tls: true, " + sasl + sasl_ssl), {}},
      {with_connection("properties: {security.protocol: PLAINTEXT}"), {}},
      {with_connection("tls: {}, properties: {security.protocol: SSL}"), {}},
      {with_connection(sasl + "properties: {security.protocol: SASL_PLAINTEXT}"), {}},
      {with_connection(sasl_ssl),
       {R"(f:2:77: error: connections.events.kafka.properties["security.protocol"]: tls and sasl make it PLAINTEXT; leave it out, and set those)"}},
      {with_connection("tls: true, " + sasl_ssl),
       {R"(f:2:88: error: connections.events.kafka.properties["security.protocol"]: tls and sasl make it SSL; leave it out, and set those)"}},
      {with_connection("tls: yes, " + sasl_ssl),
       {"f:2:50: error: connections.events.kafka.tls: must be true or false, found yes"}},
  });
}

TEST_CASE("a group reads topics, each named once") {
  check({
      {KafkaDocument{.source = "{}"}.text(),
       {"f:5:12: error: scalers[0].kafka.connection: missing; must be a name of 1 to 63 lower-case "
        "letters, digits and '-', with a letter or digit at both ends",
        "f:5:12: error: scalers[0].kafka.group: missing; must be a consumer group's name",
        "f:5:12: error: scalers[0].kafka.topics: missing; must be a list of topics"}},
      {with_source("topics: clicks"),
       {"f:5:51: error: scalers[0].kafka.topics: must be a list of topics, found a string"}},
      {with_source("topics: []"),
       {"f:5:51: error: scalers[0].kafka.topics: must be a list of topics, found an empty list"}},
      {with_source("topics: [a, b, a]"),
       {"f:5:58: error: scalers[0].kafka.topics[2]: a is named twice"}},
      {with_source(R"(topics: ["", "", "^a.*", "..", 5])"),
       {"f:5:52: error: scalers[0].kafka.topics[0]: must be a topic's name (at most 249 letters, "
        "digits, '-', '_' and '.'), found an empty string",
        "f:5:56: error: scalers[0].kafka.topics[1]: must be a topic's name (at most 249 letters, "
        "digits, '-', '_' and '.'), found an empty string",
        "f:5:60: error: scalers[0].kafka.topics[2]: must be a topic's name (at most 249 letters, "
        "digits, '-', '_' and '.'), found a string that is not one",
        "f:5:68: error: scalers[0].kafka.topics[3]: must be a topic's name (at most 249 letters, "
        "digits, '-', '_' and '.'), found a string that is not one",
        "f:5:74: error: scalers[0].kafka.topics[4]: must be a topic's name (at most 249 letters, "
        "digits, '-', '_' and '.'), found what YAML takes for a number; quote it"}},
      {with_source("topics: [" + std::string(250, 't') + "]"),
       {"f:5:52: error: scalers[0].kafka.topics[0]: must be a topic's name (at most 249 letters, "
        "digits, '-', '_' and '.'), found a string that is not one"}},
      {KafkaDocument{.source = R"({connection: events, group: "", topics: [t]})"}.text(),
       {"f:5:40: error: scalers[0].kafka.group: must be a consumer group's name, found an empty "
        "string"}},
  });
}

TEST_CASE("a group's choices are words") {
  check({
      {with_source("topics: [t], whenNoOffset: none"),
       {"f:5:70: error: scalers[0].kafka.whenNoOffset: must be earliest or latest, found none"}},
      {with_source("topics: [t], isolationLevel: committed"),
       {"f:5:72: error: scalers[0].kafka.isolationLevel: must be read_committed or "
        "read_uncommitted, found committed"}},
      {with_source("topics: [t], limitTo: partition"),
       {"f:5:65: error: scalers[0].kafka.limitTo: must be laggingPartitions or partitions, found "
        "partition; did you mean partitions?"}},
      {with_source("topics: [t], isolation: read_committed"),
       {"f:5:56: error: scalers[0].kafka.isolation: unknown key. Allowed here: connection, group, "
        "topics, whenNoOffset, isolationLevel, limitTo"}},
  });
}

TEST_CASE("two scalers of one group on one topic are warned about") {
  constexpr std::string_view yaml = R"(connections:
  events: {{kafka: {{bootstrapServers: "a:9092,b:9092"}}}}
  same: {{kafka: {{bootstrapServers: [a:9092, b:9092]}}}}
scalers:
  - name: one
    kafka: {{connection: events, group: g, topics: [s, t]}}
    scaleUp: {{messagesAbove: 0}}
    workers: {{max: 5}}
    job: &job {{template: {{spec: {{containers: [{{name: worker, image: worker:1}}]}}}}}}
  - name: two
    kafka: {{connection: same, group: {}, topics: [{}]}}
    scaleUp: {{messagesAbove: 0}}
    workers: {{max: 5}}
    job: *job
)";
  check({
      {fmt::format(yaml, "g", "u, t"),
       {"f:11:53: warning: scalers[1].kafka.topics[1]: scalers[0] watches the same topic for the "
        "same group; both start workers for the same records"}},
      {fmt::format(yaml, "g", "u"), {}},
      {fmt::format(yaml, "h", "t"), {}},
  });
}

TEST_CASE("a Kafka connection that no scaler uses is warned about") {
  check({
      {Document{.connection = "{host: rabbit}}\n  events: {kafka: {bootstrapServers: kafka}"}
           .text(),
       {"f:3:3: warning: connections.events: no scaler uses it"}},
  });
}

}  // namespace jobscaler
