#include <catch2/catch.hpp>
#include <string>

#include "documents.h"

namespace jobscaler {
namespace {

TEST_CASE("what must be a whole number says what was found instead") {
  check({
      {Document{.workers = "{max: 0}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found 0"}},
      {Document{.workers = "{max: -1}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "-1"}},
      {Document{.workers = "{max: 100001}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "100001"}},
      {Document{.workers = "{max: 99999999999999999999}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "99999999999999999999"}},
      {Document{.workers = R"({max: "5"})"}.text(),
       {R"(f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found the string "5"; remove the quotes)"}},
      {Document{.workers = "{max: 5.0}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "5.0"}},
      {Document{.workers = "{max: 010}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "010; drop the leading zero"}},
      {Document{.workers = "{max: +5}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "+5"}},
      {Document{.workers = "{max: 1_000}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "1_000; drop the underscores"}},
      {Document{.workers = "{max: 0x10}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "0x10"}},
      {Document{.workers = "{max: five}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "five"}},
      {Document{.workers = "{max: ~}"}.text(),
       {"f:7:15: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "nothing"}},
      {Document{.workers = "{max: [5]}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found a "
        "list"}},
      {Document{.workers = "{max: yes}"}.text(),
       {"f:7:20: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found "
        "yes"}},
      {Document{.workers = "{max: 5, min: -1}"}.text(),
       {"f:7:28: error: scalers[0].workers.min: must be a whole number from 0 to 100000, found "
        "-1"}},
      {Document{.workers = "{max: 5, messagesPerWorker: 0}"}.text(),
       {"f:7:42: error: scalers[0].workers.messagesPerWorker: must be a whole number from 1 to "
        "1000000000000, found 0"}},
      {Document{.scale_up = "{messagesAbove: -1}"}.text(),
       {"f:6:30: error: scalers[0].scaleUp.messagesAbove: must be a whole number from 0 to "
        "1000000000000, found -1"}},
      {Document{.scale_up = "{messagesAbove: 1000000000001}"}.text(),
       {"f:6:30: error: scalers[0].scaleUp.messagesAbove: must be a whole number from 0 to "
        "1000000000000, found 1000000000001"}},
      {Document{.connection = "{host: rabbit, port: 0}"}.text(),
       {"f:2:43: error: connections.rabbit.rabbitmq.port: must be a whole number from 1 to 65535, "
        "found 0"}},
      {Document{.connection = "{host: rabbit, port: 65536}"}.text(),
       {"f:2:43: error: connections.rabbit.rabbitmq.port: must be a whole number from 1 to 65535, "
        "found 65536"}},
      {Document{.groups = "nodeGroups: [{name: a, window: 0, maxWorkers: 0}]\n"}.text(),
       {"f:3:32: error: nodeGroups[0].window: must be a whole number from 1 to 1000, found 0",
        "f:3:47: error: nodeGroups[0].maxWorkers: must be a whole number from 1 to 100000, found "
        "0"}},
      {Document{.groups = "nodeGroups: [{name: a, window: 1001}]\n"}.text(),
       {"f:3:32: error: nodeGroups[0].window: must be a whole number from 1 to 1000, found 1001"}},
  });
}

TEST_CASE(
    "what must be a duration says what was found instead, and when only the unit is missing") {
  check({
      {Document{.workers = "{max: 5, readyTimeout: 5}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found 5; add a unit"}},
      {Document{.workers = R"({max: 5, readyTimeout: "5"})"}.text(),
       {R"(f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such as 250ms, 10s, 5m or 1h30m, found the string "5"; add a unit)"}},
      {Document{.workers = "{max: 5, readyTimeout: 5d}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found 5d"}},
      {Document{.workers = "{max: 5, readyTimeout: 1.5h}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found 1.5h"}},
      {Document{.workers = "{max: 5, readyTimeout: -5s}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found -5s"}},
      {Document{.workers = "{max: 5, readyTimeout: 0s}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found 0s"}},
      {Document{.workers = "{max: 5, readyTimeout: 721h}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found 721h"}},
      {Document{.workers = "{max: 5, readyTimeout: 5m1h}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found 5m1h"}},
      {Document{.workers = "{max: 5, readyTimeout: 9999999999h}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found 9999999999h"}},
      {Document{.workers = "{max: 5, readyTimeout: soon}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found soon"}},
      {Document{.workers = "{max: 5, readyTimeout: 5 s}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found 5 s"}},
      {Document{.workers = "{max: 5, readyTimeout: {}}"}.text(),
       {"f:7:37: error: scalers[0].workers.readyTimeout: must be a duration from 1s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found a mapping"}},
      {Document{.top = "pollInterval: 99ms\n"}.text(),
       {"f:1:15: error: pollInterval: must be a duration from 100ms to 1h, such as 250ms, 10s, 5m "
        "or 1h30m, found 99ms"}},
      {Document{.top = "pollInterval: 1h1ms\n"}.text(),
       {"f:1:15: error: pollInterval: must be a duration from 100ms to 1h, such as 250ms, 10s, 5m "
        "or 1h30m, found 1h1ms"}},
      {Document{.scaler = "    pollInterval: 0\n"}.text(),
       {"f:8:19: error: scalers[0].pollInterval: must be a duration from 100ms to 1h, such as "
        "250ms, 10s, 5m or 1h30m, found 0; add a unit"}},
      {Document{.connection = "{host: rabbit, timeout: 6m}"}.text(),
       {"f:2:46: error: connections.rabbit.rabbitmq.timeout: must be a duration from 100ms to 5m, "
        "such as 250ms, 10s, 5m or 1h30m, found 6m"}},
      {Document{.top = "kubernetes: {timeout: 1ms}\n"}.text(),
       {"f:1:23: error: kubernetes.timeout: must be a duration from 100ms to 5m, such as 250ms, "
        "10s, 5m or 1h30m, found 1ms"}},
      {Document{.scale_up = "{oldestAbove: 5}"}.text(),
       {"f:6:28: error: scalers[0].scaleUp.oldestAbove: must be a duration from 0s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found 5; add a unit"}},
      {Document{.scale_up = "{messagesAbove: 0, settle: 25h}"}.text(),
       {"f:6:41: error: scalers[0].scaleUp.settle: must be a duration from 0s to 24h, such as "
        "250ms, 10s, 5m or 1h30m, found 25h"}},
      {Document{.groups = "nodeGroups: [{name: a, nodeTimeout: 1ms}]\n"}.text(),
       {"f:3:37: error: nodeGroups[0].nodeTimeout: must be a duration from 1s to 720h, such as "
        "250ms, 10s, 5m or 1h30m, found 1ms"}},
      {Document{.workers = "{max: 5, stuckAfter: x, stuckKeep: y}"}.text(),
       {"f:7:35: error: scalers[0].workers.stuckAfter: must be a duration from 0s to 720h, such as "
        "250ms, 10s, 5m or 1h30m, found x",
        "f:7:49: error: scalers[0].workers.stuckKeep: must be a duration from 0s to 720h, such as "
        "250ms, 10s, 5m or 1h30m, found y"}},
  });
}

TEST_CASE("what must be true or false, or one of a few words, says what was found instead") {
  check({
      {Document{.scaler = "    paused: yes\n"}.text(),
       {"f:8:13: error: scalers[0].paused: must be true or false, found yes"}},
      {Document{.scaler = "    paused: \"true\"\n"}.text(),
       {R"(f:8:13: error: scalers[0].paused: must be true or false, found the string "true"; remove the quotes)"}},
      {Document{.scaler = "    paused: 1\n"}.text(),
       {"f:8:13: error: scalers[0].paused: must be true or false, found 1"}},
      {Document{.scaler = "    mode: obsrve\n"}.text(),
       {"f:8:11: error: scalers[0].mode: must be scale or observe, found obsrve; did you mean "
        "observe?"}},
      {Document{.scaler = "    mode: on\n"}.text(),
       {"f:8:11: error: scalers[0].mode: must be scale or observe, found on"}},
      {Document{.scaler = "    mode:\n"}.text(),
       {"f:8:5: error: scalers[0].mode: must be scale or observe, found nothing"}},
      {Document{.source = "{connection: rabbit, queue: orders, age: bond}"}.text(),
       {"f:5:56: error: scalers[0].rabbitmq.age: must be auto, timestamp, arrivals, bound or none, "
        "found bond; did you mean bound?"}},
      {Document{.connection = "{host: rabbit, tls: yes}"}.text(),
       {"f:2:42: error: connections.rabbit.rabbitmq.tls: must be true or false, found yes"}},
      {Document{.connection = R"({host: rabbit, tls: "true"})"}.text(),
       {"f:2:42: error: connections.rabbit.rabbitmq.tls: must be true, false or a mapping with the "
        "keys ca, certificate, key, verify, found a string"}},
      {Document{.connection = "{host: rabbit, tls: {verify: no}}"}.text(),
       {"f:2:51: error: connections.rabbit.rabbitmq.tls.verify: must be true or false, found no"}},
  });
}

TEST_CASE("names must fit into Kubernetes labels and names") {
  check({
      {Document{.name = "Orders"}.text(),
       {"f:4:11: error: scalers[0].name: must be a name of 1 to 46 lower-case letters, digits and "
        "'-', with a letter or digit at both ends, found Orders"}},
      {Document{.name = "-orders"}.text(),
       {"f:4:11: error: scalers[0].name: must be a name of 1 to 46 lower-case letters, digits and "
        "'-', with a letter or digit at both ends, found -orders"}},
      {Document{.name = "orders.eu"}.text(),
       {"f:4:11: error: scalers[0].name: must be a name of 1 to 46 lower-case letters, digits and "
        "'-', with a letter or digit at both ends, found orders.eu"}},
      {Document{.name = R"("")"}.text(),
       {R"(f:4:11: error: scalers[0].name: must be a name of 1 to 46 lower-case letters, digits and '-', with a letter or digit at both ends, found the string "")"}},
      {Document{.name = std::string(47, 'o')}.text(),
       {"f:4:11: error: scalers[0].name: must be a name of 1 to 46 lower-case letters, digits and "
        "'-', with a letter or digit at both ends, found "
        "oooooooooooooooooooooooooooooooooooooooo..."}},
      {Document{.name = "5"}.text(),
       {"f:4:11: error: scalers[0].name: must be a name of 1 to 46 lower-case letters, digits and "
        "'-', with a letter or digit at both ends, found what YAML takes for a number; quote it"}},
      {Document{.name = "{}"}.text(),
       {"f:4:11: error: scalers[0].name: must be a name of 1 to 46 lower-case letters, digits and "
        "'-', with a letter or digit at both ends, found a mapping"}},
      {Document{.top = "kubernetes: {namespace: my_ns, instance: A}\n"}.text(),
       {"f:1:25: error: kubernetes.namespace: must be a name of 1 to 63 lower-case letters, digits "
        "and '-', with a letter or digit at both ends, found my_ns",
        "f:1:42: error: kubernetes.instance: must be a name of 1 to 63 lower-case letters, digits "
        "and '-', with a letter or digit at both ends, found A"}},
      {Document{.groups = "nodeGroups: [{name: " + std::string(64, 'g') + "}]\n"}.text(),
       {"f:3:21: error: nodeGroups[0].name: must be a name of 1 to 63 lower-case letters, digits "
        "and '-', with a letter or digit at both ends, found "
        "gggggggggggggggggggggggggggggggggggggggg..."}},
      {"connections: {Rabbit_1: {rabbitmq: {host: a}}}\nscalers: []\n",
       {"f:1:25: error: connections.Rabbit_1: the connection's name must be a name of 1 to 63 "
        "lower-case letters, digits and '-', with a letter or digit at both ends",
        "f:2:10: error: scalers: must be a list of scalers, found an empty list"}},
  });
}

TEST_CASE("strings that YAML takes for something else must be quoted") {
  check({
      {Document{.source = "{connection: rabbit, queue: 123}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found what YAML takes for a number; quote it"}},
      {Document{.source = "{connection: rabbit, queue: yes}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found what YAML takes for a boolean; quote it"}},
      {Document{.source = "{connection: rabbit, queue: true}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found what YAML takes for a boolean; quote it"}},
      {Document{.source = "{connection: rabbit, queue: 1.5}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found what YAML takes for a number; quote it"}},
      {Document{.source = "{connection: rabbit, queue: 12:30}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found what YAML takes for a number; quote it"}},
      {Document{.source = "{connection: rabbit, queue: 0x1F}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found what YAML takes for a number; quote it"}},
      {Document{.source = "{connection: rabbit, queue: 1_000}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found what YAML takes for a number; quote it"}},
      {Document{.source = "{connection: rabbit, queue: ~}"}.text(),
       {"f:5:36: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found nothing"}},
      {Document{.source = "{connection: rabbit, queue: [a]}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found a list"}},
      {Document{.source = R"({connection: rabbit, queue: ""})"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found an empty string"}},
      {Document{.source = "{connection: rabbit, queue: \"a\\tb\"}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found a string that is not one"}},
      {Document{.source = "{connection: rabbit, queue: " + std::string(256, 'q') + "}"}.text(),
       {"f:5:43: error: scalers[0].rabbitmq.queue: must be a queue's name of at most 255 bytes, "
        "found a string that is not one"}},
  });
}

}  // namespace
}  // namespace jobscaler
