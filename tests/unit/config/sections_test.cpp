#include <catch2/catch.hpp>
#include <string>

#include "documents.h"

namespace jobscaler {
namespace {

TEST_CASE("a document without a mistake has no problems") {
  check({
      {Document{}.text(), {}},
      {Document{.scale_up = "{oldestAbove: 5m}", .workers = "{max: 1}"}.text(), {}},
  });
}

TEST_CASE("unknown keys are reported with the keys there are, and the nearest one") {
  check({
      {Document{.top = "polInterval: 5s\n"}.text(),
       {"f:1:1: error: polInterval: unknown key; did you mean pollInterval? Allowed here: "
        "pollInterval, kubernetes, connections, nodeGroups, scalers"}},
      {Document{.top = "kafka: {}\n"}.text(),
       {"f:1:1: error: kafka: unknown key. Allowed here: pollInterval, kubernetes, connections, "
        "nodeGroups, scalers"}},
      {Document{.workers = "{max: 5, maxx: 3}"}.text(),
       {"f:7:23: error: scalers[0].workers.maxx: unknown key; did you mean max? Allowed here: min, "
        "max, messagesPerWorker, nodeGroups, readyTimeout, stuckAfter, stuckKeep"}},
      {Document{.workers = "{max: 5, messages_per_worker: 3}"}.text(),
       {"f:7:23: error: scalers[0].workers.messages_per_worker: unknown key; did you mean "
        "messagesPerWorker? Allowed here: min, max, messagesPerWorker, nodeGroups, readyTimeout, "
        "stuckAfter, stuckKeep"}},
      {Document{.workers = "{max: 5, \"a\\nb\": 3}"}.text(),
       {"f:7:23: error: scalers[0].workers[\"a\\x0ab\"]: unknown key. Allowed here: min, max, "
        "messagesPerWorker, nodeGroups, readyTimeout, stuckAfter, stuckKeep"}},
      {Document{.scaler = "    amqp: {}\n"}.text(),
       {"f:8:5: error: scalers[0].amqp: unknown key. Allowed here: name, paused, mode, "
        "pollInterval, rabbitmq, kafka, scaleUp, workers, job"}},
      {Document{.connection = "{host: rabbit, uri: x}"}.text(),
       {"f:2:37: error: connections.rabbit.rabbitmq.uri: unknown key. Allowed here: host, port, "
        "vhost, username, password, management, tls, timeout"}},
      {Document{.source = "{connection: rabbit, queue: orders, AGE: none}"}.text(),
       {"f:5:51: error: scalers[0].rabbitmq.AGE: unknown key; did you mean age? Allowed here: "
        "connection, queue, age"}},
      {Document{.scale_up = "{messageAbove: 5, oldestAbove: 5m}"}.text(),
       {"f:6:15: error: scalers[0].scaleUp.messageAbove: unknown key; did you mean messagesAbove? "
        "Allowed here: messagesAbove, oldestAbove, settle"}},
  });
}

TEST_CASE("keys given twice are errors, wherever they stand") {
  check({
      {Document{.workers = "{max: 5, max: 6}"}.text(),
       {"f:7:23: error: scalers[0].workers.max: given twice; it is already on line 7"}},
      {Document{.top = "pollInterval: 5s\npollInterval: 6s\n"}.text(),
       {"f:2:1: error: pollInterval: given twice; it is already on line 1"}},
      {Document{.scaler = "    name: again\n"}.text(),
       {"f:8:5: error: scalers[0].name: given twice; it is already on line 4"}},
      {Document{.job = "{template: {metadata: {labels: {a: x, a: y}}, spec: {containers: [{name: "
                       "worker, image: worker:1}]}}}"}
           .text(),
       {"f:8:48: error: scalers[0].job.template.metadata.labels.a: given twice; it is already on "
        "line 8"}},
      {"connections: {rabbit: {rabbitmq: {host: a}}, rabbit: {rabbitmq: {host: b}}}\nscalers: []\n",
       {"f:1:46: error: connections.rabbit: given twice; it is already on line 1",
        "f:2:10: error: scalers: must be a list of scalers, found an empty list"}},
  });
}

TEST_CASE("required keys that are missing are pointed at by the mapping that lacks them") {
  check({
      {"{}\n",
       {"f:1:1: error: connections: missing; must be a mapping of names to connections",
        "f:1:1: error: scalers: missing; must be a list of scalers"}},
      {R"(connections:
  rabbit:
    rabbitmq:
      port: 5672
scalers:
  - paused: true
)",
       {"f:3:5: error: connections.rabbit.rabbitmq.host: missing; must be a host name or an IP "
        "address, without scheme, port or user",
        "f:6:5: error: scalers[0].name: missing; must be a name of 1 to 46 lower-case letters, "
        "digits and '-', with a letter or digit at both ends",
        "f:6:5: error: scalers[0]: needs rabbitmq or kafka",
        "f:6:5: error: scalers[0].scaleUp: missing; must be a mapping with the keys messagesAbove, "
        "oldestAbove, settle",
        "f:6:5: error: scalers[0].workers: missing; must be a mapping with the keys min, max, "
        "messagesPerWorker, nodeGroups, readyTimeout, stuckAfter, stuckKeep",
        "f:6:5: error: scalers[0].job: missing; must be the spec of a Job's manifest"}},
      {Document{.workers = "{}"}.text(),
       {"f:7:14: error: scalers[0].workers.max: missing; must be a whole number from 1 to 100000"}},
      {Document{.source = "{}"}.text(),
       {"f:5:15: error: scalers[0].rabbitmq.connection: missing; must be a name of 1 to 63 "
        "lower-case letters, digits and '-', with a letter or digit at both ends",
        "f:5:15: error: scalers[0].rabbitmq.queue: missing; must be a queue's name of at most 255 "
        "bytes"}},
      {Document{.connection = "{host: rabbit, username: scaler}"}.text(),
       {"f:2:22: error: connections.rabbit.rabbitmq.password: missing; must be {file: PATH} or "
        "{env: NAME}"}},
  });
}

TEST_CASE("lists and mappings must be what they are, and not empty") {
  check({
      {"connections: []\nscalers: {}\n",
       {"f:1:14: error: connections: must be a mapping of names to connections, found a list",
        "f:2:10: error: scalers: must be a list of scalers, found a mapping"}},
      {"connections: {}\nscalers: []\n",
       {"f:1:14: error: connections: must be a mapping of names to connections, found an empty one",
        "f:2:10: error: scalers: must be a list of scalers, found an empty list"}},
      {"connections:\nscalers:\n",
       {"f:1:1: error: connections: must be a mapping of names to connections, found nothing",
        "f:2:1: error: scalers: must be a list of scalers, found nothing"}},
      {Document{.workers = "5"}.text(),
       {"f:7:14: error: scalers[0].workers: must be a mapping with the keys min, max, "
        "messagesPerWorker, nodeGroups, readyTimeout, stuckAfter, stuckKeep, found a number"}},
      {Document{.workers = "[5]"}.text(),
       {"f:7:14: error: scalers[0].workers: must be a mapping with the keys min, max, "
        "messagesPerWorker, nodeGroups, readyTimeout, stuckAfter, stuckKeep, found a list"}},
      {Document{.workers = ""}.text(),
       {"f:7:5: error: scalers[0].workers: must be a mapping with the keys min, max, "
        "messagesPerWorker, nodeGroups, readyTimeout, stuckAfter, stuckKeep, found nothing"}},
      {Document{.workers = "{max: 5, nodeGroups: default}"}.text(),
       {"f:7:35: error: scalers[0].workers.nodeGroups: must be a list of the names of node groups, "
        "found a string"}},
      {Document{.workers = "{max: 5, nodeGroups: []}"}.text(),
       {"f:7:35: error: scalers[0].workers.nodeGroups: must be a list of the names of node groups, "
        "found an empty list"}},
      {Document{.groups = "nodeGroups: []\n"}.text(),
       {"f:3:13: error: nodeGroups: must be a list of node groups, found an empty list"}},
      {Document{.groups = "nodeGroups: [default]\n"}.text(),
       {"f:3:14: error: nodeGroups[0]: must be a mapping with the keys name, window, maxWorkers, "
        "nodeSelector, tolerations, nodeTimeout, found a string"}},
      {Document{.groups = "nodeGroups: [{name: a, nodeSelector: [x], tolerations: {}}]\n"}.text(),
       {"f:3:38: error: nodeGroups[0].nodeSelector: must be a mapping of label keys to label "
        "values, found a list",
        "f:3:56: error: nodeGroups[0].tolerations: must be a list of tolerations, as a pod's spec "
        "takes them, found a mapping"}},
      {"- connections\n",
       {"f:1:1: error: must be a mapping with the keys pollInterval, kubernetes, connections, "
        "nodeGroups, scalers, found a list"}},
      {"words\n",
       {"f:1:1: error: must be a mapping with the keys pollInterval, kubernetes, connections, "
        "nodeGroups, scalers, found a string"}},
  });
}

TEST_CASE("a scaler without a trigger is refused") {
  check({
      {Document{.scale_up = "{}"}.text(),
       {"f:6:14: error: scalers[0].scaleUp: needs messagesAbove or oldestAbove, or nothing would "
        "ever start a worker"}},
      {Document{.scale_up = "{settle: 1s}"}.text(),
       {"f:6:14: error: scalers[0].scaleUp: needs messagesAbove or oldestAbove, or nothing would "
        "ever start a worker"}},
  });
}

}  // namespace
}  // namespace jobscaler
