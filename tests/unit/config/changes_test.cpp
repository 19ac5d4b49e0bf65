#include "config/changes.h"

#include <catch2/catch.hpp>

#include "documents.h"

using namespace jobscaler;
using namespace std::chrono_literals;

namespace {

using Lines = std::vector<std::string>;
using Names = std::set<std::string>;

/// The connections rabbit and events, the node group default, the scalers orders (of rabbit) and
/// clicks (of events).
Config base() {
  Config config = config_of(Document().text());
  const Config kafka = config_of(KafkaDocument().text());
  config.kafka = kafka.kafka;
  config.scalers.push_back(kafka.scalers[0]);
  return config;
}

template <typename Edit>
ConfigChanges edited(const Edit& edit) {
  Config after = base();
  edit(after);
  return changes_between(base(), after);
}

template <typename Edit>
Lines lines_of(const Edit& edit) {
  return edited(edit).lines;
}

}  // namespace

TEST_CASE("nothing differs between equals") {
  const ConfigChanges changes = changes_between(base(), base());
  CHECK(changes.lines.empty());
  CHECK(changes.refused.empty());
  CHECK(changes.new_queues.empty());
  CHECK(changes.new_jobs.empty());
}

TEST_CASE("every setting of a scaler that changes is told in its words") {
  CHECK(lines_of([](Config& c) {
          ScalerSpec& spec = c.scalers[0].spec;
          spec.paused = true;
          spec.mode = ScalerSpec::Mode::observe;
          spec.poll_interval = 1min;
          spec.messages_above.reset();
          spec.oldest_above = 90s;
          spec.settle = 3s;
          spec.min_workers = 1;
          spec.max_workers = 30;
          spec.messages_per_worker = 50;
          spec.node_groups = {"default", "spot"};
          spec.ready_timeout = 1h;
          spec.stuck_after = 1s;
          spec.stuck_keep = 2s;
          c.scalers[0].job_spec_json = "{}";
        }) ==
        Lines{"orders: paused false -> true, mode scale -> observe, pollInterval 5s -> 1m, "
              "scaleUp.messagesAbove 0 -> (none), scaleUp.oldestAbove (none) -> 1m30s, "
              "scaleUp.settle 10s -> 3s, workers.min 0 -> 1, workers.max 5 -> 30, "
              "workers.messagesPerWorker (none) -> 50, workers.nodeGroups [default] -> [default, "
              "spot], workers.readyTimeout 5m -> 1h, workers.stuckAfter 30s -> 1s, "
              "workers.stuckKeep 10m -> 2s, job template"});
}

TEST_CASE("every setting of a source that changes is told") {
  CHECK(lines_of([](Config& c) {
          c.scalers[0].source = RabbitmqSource{"other", "invoices", AgeChoice::none};
          c.scalers[1].source = KafkaSource{"elsewhere",
                                            "readers",
                                            {"a", "b"},
                                            NoOffset::latest,
                                            Isolation::read_uncommitted,
                                            KafkaLimit::partitions};
        }) ==
        Lines{"orders: rabbitmq.connection rabbit -> other, rabbitmq.queue orders -> invoices, "
              "rabbitmq.age",
              "clicks: kafka.connection events -> elsewhere, kafka.group writers -> readers, "
              "kafka.topics [clicks] -> [a, b], kafka.whenNoOffset, kafka.isolationLevel, "
              "kafka.limitTo"});
  CHECK(lines_of([](Config& c) { c.scalers[0].source = c.scalers[1].source; }) ==
        Lines{"orders: source rabbitmq -> kafka"});
}

TEST_CASE("every setting of a connection that changes is told, and no secret") {
  const Secret secret{Secret::Origin::file, "/secret"};
  TlsConfig tls;
  tls.enabled = true;
  const ConfigChanges changes = edited([&](Config& c) {
    c.rabbitmq[0] = {.name = "rabbit",
                     .host = "rabbit-2",
                     .port = 5673,
                     .vhost = "v",
                     .username = "scaler",
                     .password = secret,
                     .management = "http://rabbit-2:15672",
                     .tls = tls,
                     .timeout = 3s};
    c.kafka[0] = {.name = "events",
                  .brokers = {"a:1", "b:2"},
                  .security = {tls, SaslMechanism::plain, "scaler", secret},
                  .properties = {{"ssl.key.password", "hunter2"}},
                  .timeout = 3s};
  });
  CHECK(changes.lines ==
        Lines{"connection rabbit: host rabbit -> rabbit-2, port 5672 -> 5673, vhost / -> v, "
              "username guest -> scaler, password, management (none) -> http://rabbit-2:15672, "
              "tls, timeout 2s -> 3s",
              "connection events: bootstrapServers [kafka:9092] -> [a:1, b:2], tls, "
              "sasl.mechanism, sasl.username (default) -> scaler, sasl.password, properties, "
              "timeout 2s -> 3s"});
  CHECK(changes.new_queues == Names{"clicks", "orders"});
  CHECK(changes.new_jobs.empty());
}

TEST_CASE("every setting of a node group that changes is told") {
  const ConfigChanges changes = edited([](Config& c) {
    c.node_groups[0] = {{"default", 3, 50, 1min}, {{"pool", "spot"}}, R"([{"key": "spot"}])"};
  });
  CHECK(changes.lines == Lines{"node group default: window 1 -> 3, maxWorkers (none) -> 50, "
                               "nodeTimeout 15m -> 1m, nodeSelector, tolerations"});
  CHECK(changes.new_jobs == Names{"clicks", "orders"});
  CHECK(changes.new_queues.empty());
}

TEST_CASE("what comes and what goes is told") {
  const ConfigChanges changes = edited([](Config& c) {
    c.rabbitmq[0].name = "bunny";
    c.kafka.clear();
    c.node_groups[0].spec.name = "spot";
    c.scalers[1].spec.name = "invoices";
    c.scalers.erase(c.scalers.begin());
  });
  CHECK(changes.lines == Lines{"new connection bunny", "connection rabbit removed",
                               "connection events removed", "new node group spot",
                               "node group default removed", "new scaler invoices",
                               "scaler orders removed", "scaler clicks removed"});
  CHECK(changes.new_queues == Names{"invoices"});
  CHECK(changes.new_jobs == Names{"invoices"});
}

TEST_CASE("a running daemon cannot change to another cluster, namespace or instance") {
  const ConfigChanges changes = edited([](Config& c) {
    c.kubernetes = {"there", "/kube/config", "production", "mine", 3s};
  });
  CHECK(changes.refused == Lines{"kubernetes.namespace (default) -> there",
                                 "kubernetes.kubeconfig (default) -> /kube/config",
                                 "kubernetes.context (default) -> production",
                                 "kubernetes.instance jobscaler -> mine",
                                 "kubernetes.timeout 10s -> 3s"});
}

TEST_CASE("only another queue, or another way to it, is a new queue") {
  const auto new_queues = [](const auto& edit) { return edited(edit).new_queues; };
  CHECK(new_queues([](Config& c) { c.scalers[0].spec.max_workers = 7; }).empty());
  CHECK(new_queues([](Config& c) { c.scalers[0].spec.poll_interval = 1s; }).empty());
  CHECK(new_queues([](Config& c) {
          c.scalers[0].source = RabbitmqSource{"rabbit", "invoices", {}};
        }) == Names{"orders"});
  CHECK(new_queues([](Config& c) { c.rabbitmq[0].host = "other"; }) == Names{"orders"});
  CHECK(new_queues([](Config& c) { c.kafka[0].brokers = {"other:9092"}; }) == Names{"clicks"});
}

TEST_CASE("only another template, or another place for it, makes new Jobs") {
  const auto new_jobs = [](const auto& edit) { return edited(edit).new_jobs; };
  CHECK(new_jobs([](Config& c) { c.scalers[0].spec.max_workers = 7; }).empty());
  CHECK(new_jobs([](Config& c) { c.node_groups[0].spec.window = 7; }).empty());
  CHECK(new_jobs([](Config& c) { c.scalers[0].job_spec_json = "{}"; }) == Names{"orders"});
  CHECK(new_jobs([](Config& c) {
          c.node_groups.emplace_back().spec.name = "spot";
          c.scalers[0].spec.node_groups = {"default", "spot"};
        }) == Names{"orders"});
}
