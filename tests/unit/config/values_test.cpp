#include <catch2/catch.hpp>
#include <chrono>

#include "documents.h"

namespace jobscaler {
namespace {

using namespace std::chrono_literals;

RabbitmqSource rabbitmq_source(const Config& config) {
  return std::get<RabbitmqSource>(config.scalers.at(0).source);
}
KafkaSource kafka_source(const Config& config) {
  return std::get<KafkaSource>(config.scalers.at(0).source);
}

TEST_CASE("what is left out has its default") {
  const Config config = config_of(Document{}.text());

  Config expected;
  RabbitmqConnection& connection = expected.rabbitmq.emplace_back();
  connection.name = "rabbit";
  connection.host = "rabbit";
  expected.node_groups.emplace_back().spec.name = "default";
  ScalerConfig& scaler = expected.scalers.emplace_back();
  scaler.spec.name = "orders";
  scaler.spec.messages_above = 0;
  scaler.spec.max_workers = 5;
  scaler.spec.node_groups = {"default"};
  scaler.source = RabbitmqSource{.connection = "rabbit", .queue = "orders"};
  scaler.job_spec_json =
      R"({"template":{"spec":{"containers":[{"name":"worker","image":"worker:1"}]}}})";
  CHECK(config == expected);
}

TEST_CASE("every setting arrives where it belongs") {
  const Config config = config_of(R"(
pollInterval: 1s
kubernetes: {namespace: workers, kubeconfig: /k, context: c, instance: two, timeout: 3s}
connections:
  rabbit:
    rabbitmq:
      host: "::1"
      port: 5673
      vhost: /orders
      username: scaler
      password: {file: /secret}
      management: https://rabbit:15671/prefix/
      tls: {ca: /ca, certificate: /crt, key: /key, verify: true}
      timeout: 1500ms
nodeGroups:
  - name: spot
    window: 3
    maxWorkers: 50
    nodeSelector: {pool: spot, example.com/disk: ""}
    tolerations: [{key: spot, operator: Equal, value: "true", effect: NoExecute, tolerationSeconds: 5}]
    nodeTimeout: 1h30m
scalers:
  - name: orders
    paused: true
    mode: observe
    pollInterval: 250ms
    rabbitmq: {connection: rabbit, queue: "orders: all", age: arrivals}
    scaleUp: {messagesAbove: 100, oldestAbove: 5m, settle: 20s}
    workers:
      min: 0
      max: 20
      messagesPerWorker: 50
      nodeGroups: [spot]
      readyTimeout: 1m
      stuckAfter: 10s
      stuckKeep: 0s
    job: {template: {spec: {containers: [{name: w, image: i}]}}}
)");

  Config expected;
  expected.kubernetes = {"workers", "/k", "c", "two", 3s};
  expected.rabbitmq = {{"rabbit",
                        "::1",
                        5673,
                        "/orders",
                        "scaler",
                        {Secret::Origin::file, "/secret"},
                        "https://rabbit:15671/prefix/",
                        {true, "/ca", "/crt", "/key", true},
                        1500ms}};
  expected.node_groups = {
      {{"spot", 3, 50, 90min},
       {{"pool", "spot"}, {"example.com/disk", ""}},
       R"([{"key":"spot","operator":"Equal","value":"true","effect":"NoExecute","tolerationSeconds":5}])"}};
  ScalerConfig& scaler = expected.scalers.emplace_back();
  scaler.spec = {
      "orders", true, ScalerSpec::Mode::observe, 250ms, 100, 5min, 20s, 0, 20, 50, {"spot"}, 1min,
      10s,      0s};
  scaler.source = RabbitmqSource{"rabbit", "orders: all", AgeChoice::arrivals};
  scaler.job_spec_json = R"({"template":{"spec":{"containers":[{"name":"w","image":"i"}]}}})";
  CHECK(config == expected);
}

TEST_CASE("what is left out of Kafka's settings has its default") {
  const Config config = config_of(KafkaDocument{}.text());
  CHECK(config.rabbitmq.empty());
  REQUIRE(config.kafka.size() == 1);
  KafkaConnection expected;
  expected.name = "events";
  expected.brokers = {"kafka:9092"};
  CHECK(config.kafka[0] == expected);
  CHECK(config.kafka[0].timeout == 2s);
  CHECK(kafka_source(config) == KafkaSource{"events",
                                            "writers",
                                            {"clicks"},
                                            NoOffset::earliest,
                                            Isolation::read_committed,
                                            KafkaLimit::lagging_partitions});
}

TEST_CASE("every setting of Kafka arrives where it belongs") {
  const Config config = config_of(KafkaDocument{
      .connection = "{bootstrapServers: [\"a:9092\", \"[::1]:9093\", c], tls: {ca: /ca, "
                    "certificate: /crt, key: /key}, sasl: {mechanism: SCRAM-SHA-512, username: u, "
                    "password: {file: /secret}}, properties: {client.id: mine, "
                    "socket.keepalive.enable: True, metadata.max.age.ms: 5000, "
                    "security.protocol: SASL_SSL}, timeout: 1500ms}",
      .source = "{connection: events, group: g h, topics: [a.b, c_d], whenNoOffset: latest, "
                "isolationLevel: read_uncommitted, limitTo: partitions}"}
                                      .text());
  const KafkaConnection expected{.name = "events",
                                 .brokers = {"a:9092", "[::1]:9093", "c"},
                                 .security = {{true, "/ca", "/crt", "/key", true},
                                              SaslMechanism::scram_sha_512,
                                              "u",
                                              {Secret::Origin::file, "/secret"}},
                                 .properties = {{"client.id", "mine"},
                                                {"socket.keepalive.enable", "true"},
                                                {"metadata.max.age.ms", "5000"},
                                                {"security.protocol", "SASL_SSL"}},
                                 .timeout = 1500ms};
  CHECK(config.kafka == std::vector{expected});
  CHECK(kafka_source(config) == KafkaSource{"events",
                                            "g h",
                                            {"a.b", "c_d"},
                                            NoOffset::latest,
                                            Isolation::read_uncommitted,
                                            KafkaLimit::partitions});
}

TEST_CASE("brokers stand in a list, or with commas in between") {
  const auto brokers = [](const std::string& servers) {
    const KafkaDocument document{.connection = "{bootstrapServers: " + servers + "}"};
    return config_of(document.text()).kafka[0].brokers;
  };
  CHECK(brokers("10.0.0.1:9092") == std::vector<std::string>{"10.0.0.1:9092"});
  CHECK(brokers(R"("a:1,b:2 , c")") == std::vector<std::string>{"a:1", "b:2", "c"});
  CHECK(brokers(R"(["a:1", "b:2"])") == std::vector<std::string>{"a:1", "b:2"});
}

TEST_CASE("every SASL mechanism has a word") {
  const auto mechanism = [](const std::string& word) {
    const KafkaDocument document{.connection = "{bootstrapServers: kafka, sasl: {mechanism: " +
                                               word + ", username: u, password: {env: P}}}"};
    return config_of(document.text()).kafka[0].security.mechanism;
  };
  CHECK(mechanism("PLAIN") == SaslMechanism::plain);
  CHECK(mechanism("SCRAM-SHA-256") == SaslMechanism::scram_sha_256);
  CHECK(mechanism("SCRAM-SHA-512") == SaslMechanism::scram_sha_512);
}

TEST_CASE("a scaler without a poll interval has the file's") {
  CHECK(config_of(Document{.top = "pollInterval: 2s\n"}.text()).scalers[0].spec.poll_interval ==
        2s);
}

TEST_CASE("tls moves the default port") {
  const auto connection = [](const std::string& text) {
    return config_of(Document{.connection = text}.text()).rabbitmq[0];
  };
  CHECK(connection("{host: rabbit, tls: false}").port == 5672);
  CHECK_FALSE(connection("{host: rabbit, tls: false}").tls.enabled);
  CHECK(connection("{host: rabbit, tls: true}").port == 5671);
  CHECK(connection("{host: rabbit, tls: true}").tls.enabled);
  CHECK(connection("{host: rabbit, tls: {}}").tls.enabled);
  CHECK_FALSE(connection("{host: rabbit, tls: {verify: false}}").tls.verify);
  CHECK(connection("{host: rabbit, tls: true, port: 5672}").port == 5672);
}

TEST_CASE("a password may come from the environment") {
  const Document document{.connection = "{host: rabbit, password: {env: RABBIT_PASSWORD}}"};
  CHECK(config_of(document.text()).rabbitmq[0].password ==
        Secret{Secret::Origin::env, "RABBIT_PASSWORD"});
}

TEST_CASE("every age choice has a word") {
  const auto age = [](const std::string& word) {
    const Document document{.connection = "{host: rabbit, management: http://rabbit:15672}",
                            .source = "{connection: rabbit, queue: orders, age: " + word + "}"};
    return rabbitmq_source(config_of(document.text())).age;
  };
  CHECK(age("auto") == AgeChoice::automatic);
  CHECK(age("timestamp") == AgeChoice::timestamp);
  CHECK(age("arrivals") == AgeChoice::arrivals);
  CHECK(age("bound") == AgeChoice::bound);
  CHECK(age("none") == AgeChoice::none);
}

TEST_CASE("the only node group there is needs no naming, nor does the one called default") {
  const auto groups = [](const std::string& text) {
    const ParsedConfig parsed = parse_config(Document{.groups = text}.text());
    REQUIRE(parsed.config.has_value());
    return parsed.config->scalers[0].spec.node_groups;
  };
  CHECK(groups("nodeGroups: [{name: spot}]\n") == std::vector<std::string>{"spot"});
  CHECK(groups("nodeGroups: [{name: spot}, {name: default}]\n") ==
        std::vector<std::string>{"default"});
}

TEST_CASE("an alias stands for the value of its anchor") {
  const Config config = config_of(R"(
connections:
  rabbit: {rabbitmq: {host: rabbit}}
scalers:
  - name: orders
    rabbitmq: {connection: rabbit, queue: &queue orders}
    scaleUp: &often {messagesAbove: 0}
    workers: {max: 5}
    job: &job {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
  - {name: copies, rabbitmq: {connection: rabbit, queue: copies}, scaleUp: *often, workers: {max: 1}, job: *job}
)");
  CHECK(config.scalers[1].job_spec_json == config.scalers[0].job_spec_json);
  CHECK(config.scalers[1].spec.messages_above == 0);
}

TEST_CASE("line ends of any kind and a byte order mark make no difference") {
  std::string windows = "\xef\xbb\xbf" + Document{}.text();
  for (std::size_t at = 0; (at = windows.find('\n', at)) != std::string::npos; at += 2) {
    windows.replace(at, 1, "\r\n");
  }
  CHECK(config_of(windows) == config_of(Document{}.text()));
}

TEST_CASE("the longest names that fit are taken") {
  const std::string name(46, 'o');
  CHECK(config_of(Document{.name = name}.text()).scalers[0].spec.name == name);
  const std::string queue(255, 'q');
  const Document document{.source = "{connection: rabbit, queue: " + queue + "}"};
  CHECK(rabbitmq_source(config_of(document.text())).queue == queue);
}

TEST_CASE("the engine's spec holds the scalers and node groups in their order") {
  const Config config =
      config_of(Document{.groups = "nodeGroups: [{name: orders-nodes, window: 2}]\n"}.text());
  const EngineSpec spec = engine_spec(config);
  CHECK(spec.node_groups == std::vector<NodeGroupSpec>{config.node_groups[0].spec});
  CHECK(spec.scalers == std::vector<ScalerSpec>{config.scalers[0].spec});
}

}  // namespace
}  // namespace jobscaler
