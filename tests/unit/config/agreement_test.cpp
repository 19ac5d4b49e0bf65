#include <catch2/catch.hpp>
#include <string>

#include "documents.h"

namespace jobscaler {
namespace {

TEST_CASE("names are unique") {
  check({
      {R"(connections:
  rabbit: {rabbitmq: {host: rabbit}}
scalers:
  - name: one
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: &job {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
  - name: one
    rabbitmq: {connection: rabbit, queue: other}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: *job
)",
       {"f:9:11: error: scalers[1].name: one is already the name of scalers[0]; names must be "
        "unique"}},
      {Document{.groups = "nodeGroups: [{name: default}, {name: default}]\n"}.text(),
       {"f:3:38: error: nodeGroups[1].name: default is already the name of nodeGroups[0]; names "
        "must be unique"}},
  });
}

TEST_CASE("a scaler names a connection that exists") {
  check({
      {Document{.source = "{connection: rabit, queue: orders}"}.text(),
       {"f:5:28: error: scalers[0].rabbitmq.connection: there is no RabbitMQ connection rabit; did "
        "you mean "
        "rabbit? There is only: rabbit"}},
      {Document{.source = "{connection: kafka, queue: orders}"}.text(),
       {"f:5:28: error: scalers[0].rabbitmq.connection: there is no RabbitMQ connection kafka. "
        "There is "
        "only: rabbit"}},
      {R"(connections:
  rabbit: {rabbitmq: {host: rabbit}}
  events: {rabbitmq: {host: events}}
scalers:
  - name: one
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: &job {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
  - name: two
    rabbitmq: {connection: evens, queue: other}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: *job
)",
       {"f:11:28: error: scalers[1].rabbitmq.connection: there is no RabbitMQ connection evens; "
        "did you "
        "mean events? There are: events, rabbit"}},
  });
}

TEST_CASE("a scaler names node groups that exist, each once") {
  check({
      {Document{.workers = "{max: 5, nodeGroups: [defualt]}"}.text(),
       {"f:7:36: error: scalers[0].workers.nodeGroups[0]: there is no node group defualt; did you "
        "mean default? There is only: default"}},
      {Document{.workers = "{max: 5, nodeGroups: [default, default]}"}.text(),
       {"f:7:45: error: scalers[0].workers.nodeGroups[1]: default is named twice"}},
      {Document{.groups = "nodeGroups: [{name: spot, nodeSelector: {pool: spot}}, {name: big, "
                          "nodeSelector: {pool: big}}]\n",
                .workers = "{max: 5, nodeGroups: [spot, bigger]}"}
           .text(),
       {"f:8:42: error: scalers[0].workers.nodeGroups[1]: there is no node group bigger. There "
        "are: big, spot"}},
      {Document{.groups = "nodeGroups: [{name: spot, nodeSelector: {pool: spot}}, {name: big, "
                          "nodeSelector: {pool: big}}]\n",
                .workers = "{max: 5, nodeGroups: [spot, 5, big]}"}
           .text(),
       {"f:8:42: error: scalers[0].workers.nodeGroups[1]: must be a name of 1 to 63 lower-case "
        "letters, digits and '-', with a letter or digit at both ends, found what YAML takes for a "
        "number; quote it"}},
  });
}

TEST_CASE("with several node groups and none named default, a scaler must choose") {
  check({
      {Document{.groups = "nodeGroups: [{name: spot, nodeSelector: {pool: spot}}, {name: big, "
                          "nodeSelector: {pool: big}}]\n"}
           .text(),
       {"f:8:14: error: scalers[0].workers.nodeGroups: missing; no node group is named default, so "
        "name the ones to use: big, spot"}},
  });
}

TEST_CASE("min is not above max") {
  check({
      {Document{.workers = "{min: 6, max: 5}"}.text(),
       {"f:7:20: error: scalers[0].workers.min: must be at most workers.max, which is 5, found 6"}},
  });
}

TEST_CASE("a trigger on the age needs an age") {
  check({
      {Document{.source = "{connection: rabbit, queue: orders, age: none}",
                .scale_up = "{oldestAbove: 5m}"}
           .text(),
       {"f:5:56: error: scalers[0].rabbitmq.age: none leaves scaleUp.oldestAbove without an age to "
        "compare with; choose another, or remove oldestAbove"}},
  });
}

TEST_CASE("ages from the management API need the management API") {
  check({
      {Document{.source = "{connection: rabbit, queue: orders, age: timestamp}"}.text(),
       {"f:5:56: error: scalers[0].rabbitmq.age: timestamp is read from the management API; set "
        "connections.rabbit.rabbitmq.management, for example to http://rabbit:15672"}},
      {Document{.source = "{connection: rabbit, queue: orders, age: arrivals}"}.text(),
       {"f:5:56: error: scalers[0].rabbitmq.age: arrivals is read from the management API; set "
        "connections.rabbit.rabbitmq.management, for example to http://rabbit:15672"}},
      {Document{.connection = "{host: rabbit, management: http://rabbit:15672}",
                .source = "{connection: rabbit, queue: orders, age: arrivals}"}
           .text(),
       {}},
  });
}

TEST_CASE("a template's nodeSelector does not contradict its node groups") {
  check({
      {Document{.groups = "nodeGroups: [{name: spot, nodeSelector: {pool: spot}}, {name: big, "
                          "nodeSelector: {pool: big}}]\n",
                .workers = "{max: 5, nodeGroups: [spot, big]}",
                .job = "{template: {spec: {nodeSelector: {pool: spot, zone: a}, containers: "
                       "[{name: worker, image: worker:1}]}}}"}
           .text(),
       {R"(f:9:50: error: scalers[0].job.template.spec.nodeSelector.pool: is "spot", but node group big selects "big"; leave it out, the node group's is set)"}},
  });
}

TEST_CASE("what was reported once is not reported again by what depends on it") {
  check({
      {Document{.connection = "{}", .source = "{connection: rabbit, queue: orders, age: timestamp}"}
           .text(),
       {"f:2:22: error: connections.rabbit.rabbitmq.host: missing; must be a host name or an IP "
        "address, without scheme, port or user",
        "f:5:56: error: scalers[0].rabbitmq.age: timestamp is read from the management API; set "
        "connections.rabbit.rabbitmq.management, for example to http://rabbitmq:15672"}},
      {Document{.connection = "{host: rabbit, management: 5}",
                .source = "{connection: rabbit, queue: orders, age: timestamp}"}
           .text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found "
        "what YAML takes "
        "for a number; quote it"}},
      {Document{.workers = "{min: 9, max: x}"}.text(),
       {"f:7:28: error: scalers[0].workers.max: must be a whole number from 1 to 100000, found x"}},
      {Document{.groups = "nodeGroups: [{name: A}]\n"}.text(),
       {"f:3:21: error: nodeGroups[0].name: must be a name of 1 to 63 lower-case letters, digits "
        "and '-', with a letter or digit at both ends, found A"}},
      {Document{.groups = "nodeGroups: {}\n", .workers = "{max: 5, nodeGroups: [spot]}"}.text(),
       {"f:3:13: error: nodeGroups: must be a list of node groups, found a mapping"}},
      {Document{.scale_up = "{messagesAbove: 100, oldestAbove: x}"}.text(),
       {"f:6:48: error: scalers[0].scaleUp.oldestAbove: must be a duration from 0s to 720h, such "
        "as 250ms, 10s, 5m or 1h30m, found x"}},
  });
}

TEST_CASE("what is legal and probably not meant is warned about") {
  check({
      {Document{.scale_up = "{messagesAbove: 100}"}.text(),
       {"f:6:30: warning: scalers[0].scaleUp.messagesAbove: without oldestAbove, the last 100 "
        "messages wait for ever once the workers have ended; add oldestAbove, or set messagesAbove "
        "to 0"}},
      {Document{.workers = "{min: 1, max: 5}"}.text(),
       {"f:7:20: warning: scalers[0].workers.min: workers that end when their queue is empty are "
        "replaced at once, for ever; above 0 is for workers that stay"}},
      {R"(connections:
  rabbit: {rabbitmq: {host: rabbit}}
scalers:
  - name: one
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: &job {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
  - name: two
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: *job
)",
       {"f:10:43: warning: scalers[1].rabbitmq.queue: scalers[0] watches the same queue; both "
        "start workers for the same messages"}},
      {R"(connections:
  rabbit: {rabbitmq: {host: rabbit}}
  same: {rabbitmq: {host: rabbit, username: other, password: {env: P}}}
scalers:
  - name: one
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: &job {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
  - name: two
    rabbitmq: {connection: same, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: *job
)",
       {"f:11:41: warning: scalers[1].rabbitmq.queue: scalers[0] watches the same queue; both "
        "start workers for the same messages"}},
      {R"(connections:
  rabbit: {rabbitmq: {host: rabbit}}
  other: {rabbitmq: {host: rabbit, vhost: other}}
scalers:
  - name: one
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: &job {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
  - name: two
    rabbitmq: {connection: other, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: *job
)",
       {}},
      {R"(connections:
  rabbit: {rabbitmq: {host: rabbit}}
  spare: {rabbitmq: {host: spare}}
scalers:
  - name: one
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: &job {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
  - name: two
    rabbitmq: {connection: rabbit, queue: other}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: *job
)",
       {"f:3:3: warning: connections.spare: no scaler uses it"}},
      {Document{.groups = "nodeGroups: [{name: spot, nodeSelector: {pool: spot}}, {name: big, "
                          "nodeSelector: {pool: big}}]\n",
                .workers = "{max: 5, nodeGroups: [spot]}"}
           .text(),
       {"f:3:56: warning: nodeGroups[1]: no scaler uses it"}},
  });
}

TEST_CASE("all problems come at once, in the order of the file") {
  check({
      {R"(pollInterval: 5
kubernetes:
  namespce: workers
connections:
  rabbit:
    rabbitmq:
      host: rabbitmq
      port: "5672"
      password: secret
  spare:
    rabbitmq:
      host: spare
nodeGroups:
  - name: default
    window: 0
  - name: default
scalers:
  - name: Orders
    rabbitmq: {connection: rabit, queue: orders}
    scaleUp: {messagesAbove: 100}
    workers: {min: 3, max: 2, nodeGroups: [spot]}
    job:
      template:
        spec:
          restartPolicy: Always
  - name: clicks
    rabbitmq: {connection: rabbit}
    scaleUp: {}
    job: {}
    job: {}
)",
       {"f:1:15: error: pollInterval: must be a duration from 100ms to 1h, such as 250ms, 10s, 5m "
        "or 1h30m, found 5; add a unit",
        "f:3:3: error: kubernetes.namespce: unknown key; did you mean namespace? Allowed here: "
        "namespace, kubeconfig, context, instance, timeout",
        R"(f:8:13: error: connections.rabbit.rabbitmq.port: must be a whole number from 1 to 65535, found the string "5672"; remove the quotes)",
        "f:9:17: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file",
        "f:15:13: error: nodeGroups[0].window: must be a whole number from 1 to 1000, found 0",
        "f:16:11: error: nodeGroups[1].name: default is already the name of nodeGroups[0]; names "
        "must be unique",
        "f:18:11: error: scalers[0].name: must be a name of 1 to 46 lower-case letters, digits and "
        "'-', with a letter or digit at both ends, found Orders",
        "f:19:28: error: scalers[0].rabbitmq.connection: there is no RabbitMQ connection rabit; "
        "did you "
        "mean rabbit? There are: rabbit, spare",
        "f:20:30: warning: scalers[0].scaleUp.messagesAbove: without oldestAbove, the last 100 "
        "messages wait for ever once the workers have ended; add oldestAbove, or set messagesAbove "
        "to 0",
        "f:21:20: error: scalers[0].workers.min: must be at most workers.max, which is 2, found 3",
        "f:21:44: error: scalers[0].workers.nodeGroups[0]: there is no node group spot. There is "
        "only: default",
        "f:24:9: error: scalers[0].job.template.spec.containers: missing; must be a list of at "
        "least one container",
        "f:25:26: error: scalers[0].job.template.spec.restartPolicy: must be Never or OnFailure, "
        "found Always; a Job's pod may have no other",
        "f:26:5: error: scalers[1].workers: missing; must be a mapping with the keys min, max, "
        "messagesPerWorker, nodeGroups, readyTimeout, stuckAfter, stuckKeep",
        "f:27:15: error: scalers[1].rabbitmq.queue: missing; must be a queue's name of at most 255 "
        "bytes",
        "f:28:14: error: scalers[1].scaleUp: needs messagesAbove or oldestAbove, or nothing would "
        "ever start a worker",
        "f:29:10: error: scalers[1].job.template: missing; must be a mapping",
        "f:30:5: error: scalers[1].job: given twice; it is already on line 29"}},
  });
}

}  // namespace
}  // namespace jobscaler
