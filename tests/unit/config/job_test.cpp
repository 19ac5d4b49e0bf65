#include <catch2/catch.hpp>
#include <string>

#include "documents.h"

namespace jobscaler {
namespace {

TEST_CASE("only the spec of a Job is taken") {
  check({
      {Document{.job =
                    "{apiVersion: batch/v1, kind: Job, metadata: {name: x}, spec: {template: {}}}"}
           .text(),
       {"f:8:10: error: scalers[0].job: must be only what stands below spec in a Job's manifest; "
        "leave out apiVersion, kind, metadata and the word spec itself"}},
      {Document{.job = "run"}.text(),
       {"f:8:10: error: scalers[0].job: must be the spec of a Job's manifest, found a string"}},
      {Document{.job = ""}.text(),
       {"f:8:5: error: scalers[0].job: must be the spec of a Job's manifest, found nothing"}},
      {Document{.job = "[]"}.text(),
       {"f:8:10: error: scalers[0].job: must be the spec of a Job's manifest, found a list"}},
  });
}

TEST_CASE("a Job needs a pod with a container") {
  check({
      {Document{.job = "{}"}.text(),
       {"f:8:10: error: scalers[0].job.template: missing; must be a mapping"}},
      {Document{.job = "{template: }"}.text(),
       {"f:8:11: error: scalers[0].job.template: must be a mapping, found nothing"}},
      {Document{.job = "{template: {}}"}.text(),
       {"f:8:21: error: scalers[0].job.template.spec: missing; must be a mapping"}},
      {Document{.job = "{template: {spec: 5}}"}.text(),
       {"f:8:28: error: scalers[0].job.template.spec: must be a mapping, found a number"}},
      {Document{.job = "{template: {spec: {}}}"}.text(),
       {"f:8:28: error: scalers[0].job.template.spec.containers: missing; must be a list of at "
        "least one container"}},
      {Document{.job = "{template: {spec: {containers: []}}}"}.text(),
       {"f:8:41: error: scalers[0].job.template.spec.containers: must be a list of at least one "
        "container, found an empty list"}},
      {Document{.job = "{template: {spec: {containers: {}}}}"}.text(),
       {"f:8:41: error: scalers[0].job.template.spec.containers: must be a list of at least one "
        "container, found a mapping"}},
      {Document{.job = "{template: {spec: {containers: [worker]}}}"}.text(),
       {"f:8:42: error: scalers[0].job.template.spec.containers[0]: must be a container's mapping, "
        "found a string"}},
      {Document{.job = "{template: {spec: {containers: [{}]}}}"}.text(),
       {"f:8:42: error: scalers[0].job.template.spec.containers[0].name: missing; must be the "
        "container's name",
        "f:8:42: error: scalers[0].job.template.spec.containers[0].image: missing; must be the "
        "container's image"}},
      {Document{.job = "{template: {spec: {containers: [{name: 5, image: }]}}}"}.text(),
       {"f:8:49: error: scalers[0].job.template.spec.containers[0].name: must be a string, found a "
        "number; quote it",
        "f:8:52: error: scalers[0].job.template.spec.containers[0].image: must be a string, found "
        "nothing"}},
  });
}

TEST_CASE("a Job is one worker, and ours to start and to find") {
  check({
      {with_job("completions: 2, "),
       {"f:8:24: error: scalers[0].job.completions: must be 1 or left out, found 2; each worker is "
        "a Job of its own with one pod, and workers.max says how many there may be"}},
      {with_job(R"(completions: "1", )"),
       {R"(f:8:24: error: scalers[0].job.completions: must be 1 or left out, found the string "1"; each worker is a Job of its own with one pod, and workers.max says how many there may be)"}},
      {with_job("completions: 1, parallelism: 0, "),
       {"f:8:40: error: scalers[0].job.parallelism: must be 1 or left out, found 0; each worker is "
        "a Job of its own with one pod, and workers.max says how many there may be"}},
      {with_job("completions: 1, parallelism: 1, suspend: false, manualSelector: false, "), {}},
      {with_job("suspend: true, "),
       {"f:8:20: error: scalers[0].job.suspend: must be false or left out; a suspended Job would "
        "hold its node group's window and never become ready (to stop a scaler, set paused: "
        "true)"}},
      {with_job("manualSelector: true, "),
       {"f:8:27: error: scalers[0].job.manualSelector: must be false or left out; the selector is "
        "Kubernetes' to make"}},
      {with_job("selector: {matchLabels: {a: b}}, "),
       {"f:8:21: error: scalers[0].job.selector: must be left out; Kubernetes makes one, and "
        "another could match other workers' pods"}},
      {with_template("metadata: {labels: {jobscaler.io/scaler: x, app.kubernetes.io/managed-by: "
                     "me, app: ok}, annotations: {jobscaler.io/x: a}}, "),
       {R"(f:8:42: error: scalers[0].job.template.metadata.labels["jobscaler.io/scaler"]: must be left out; jobscaler sets it, and finds its workers by what it sets)",
        R"(f:8:66: error: scalers[0].job.template.metadata.labels["app.kubernetes.io/managed-by"]: must be left out; jobscaler sets it, and finds its workers by what it sets)",
        R"(f:8:124: error: scalers[0].job.template.metadata.annotations["jobscaler.io/x"]: must be left out; jobscaler sets it, and finds its workers by what it sets)"}},
  });
}

TEST_CASE("finished Jobs are kept for as long as their failures count") {
  check({
      {with_job("ttlSecondsAfterFinished: 60, "),
       {"f:8:36: warning: scalers[0].job.ttlSecondsAfterFinished: finished Jobs are the memory of "
        "what failed: removed after 60 s, the backoff cannot be rebuilt after a restart of "
        "jobscaler; leave it out or use at least 600"}},
      {with_job("ttlSecondsAfterFinished: 600, "), {}},
      {with_job("ttlSecondsAfterFinished: -1, "),
       {"f:8:36: error: scalers[0].job.ttlSecondsAfterFinished: must be a whole number from 0 to "
        "2147483647, found -1"}},
      {with_job("ttlSecondsAfterFinished: 10m, "),
       {"f:8:36: error: scalers[0].job.ttlSecondsAfterFinished: must be a whole number from 0 to "
        "2147483647, found 10m"}},
  });
}

TEST_CASE("a Job's pod may not restart for ever") {
  check({
      {with_pod("restartPolicy: Always, "),
       {"f:8:44: error: scalers[0].job.template.spec.restartPolicy: must be Never or OnFailure, "
        "found Always; a Job's pod may have no other"}},
      {with_pod("restartPolicy: OnFailure, "), {}},
      {with_pod("restartPolicy: 5, "),
       {"f:8:44: error: scalers[0].job.template.spec.restartPolicy: must be Never or OnFailure, "
        "found 5; a Job's pod may have no other"}},
  });
}

TEST_CASE("what must be a string in a manifest must be one in YAML") {
  check({
      {Document{
           .job =
               R"({template: {spec: {containers: [{name: worker, image: worker:1, command: run, args: [1, true, {}, ok, ], env: [{name: A, value: 5}, {name: B, value: yes}, {name: C, value: "5"}, {name: D}, E]}]}}})"}
           .text(),
       {"f:8:83: error: scalers[0].job.template.spec.containers[0].command: must be a list, found "
        "a string",
        "f:8:95: error: scalers[0].job.template.spec.containers[0].args[0]: must be a string, "
        "found a number; quote it",
        "f:8:98: error: scalers[0].job.template.spec.containers[0].args[1]: must be a string, "
        "found a boolean; quote it",
        "f:8:104: error: scalers[0].job.template.spec.containers[0].args[2]: must be a string, "
        "found a mapping",
        "f:8:138: error: scalers[0].job.template.spec.containers[0].env[0].value: must be a "
        "string, found a number; quote it",
        "f:8:159: error: scalers[0].job.template.spec.containers[0].env[1].value: must be a "
        "string, found a boolean; quote it",
        "f:8:199: error: scalers[0].job.template.spec.containers[0].env[4]: must be a mapping, "
        "found a string"}},
      {with_pod("initContainers: [{name: init, image: 5}], nodeSelector: {gpu: true}, "),
       {"f:8:66: error: scalers[0].job.template.spec.initContainers[0].image: must be a string, "
        "found a number; quote it",
        "f:8:91: error: scalers[0].job.template.spec.nodeSelector.gpu: must be a string, found a "
        "boolean; quote it"}},
      {with_template("metadata: 5, "),
       {"f:8:32: error: scalers[0].job.template.metadata: must be a mapping, found a number"}},
      {with_template("metadata: {labels: {version: 1.10, app: ~}, annotations: 5}, "),
       {"f:8:51: error: scalers[0].job.template.metadata.labels.version: must be a string, found a "
        "number; quote it",
        "f:8:79: error: scalers[0].job.template.metadata.annotations: must be a mapping of "
        "strings, found a number"}},
  });
}

TEST_CASE("what YAML readers do not agree about must be quoted or written out") {
  check({
      {with_pod("x: [yes], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: yes, no, on, off, y and n are booleans "
        "to some YAML readers and strings to others; write true or false, or quote it"}},
      {with_pod("x: [No], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: yes, no, on, off, y and n are booleans "
        "to some YAML readers and strings to others; write true or false, or quote it"}},
      {with_pod("x: [on], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: yes, no, on, off, y and n are booleans "
        "to some YAML readers and strings to others; write true or false, or quote it"}},
      {with_pod("x: [OFF], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: yes, no, on, off, y and n are booleans "
        "to some YAML readers and strings to others; write true or false, or quote it"}},
      {with_pod("x: [y], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: yes, no, on, off, y and n are booleans "
        "to some YAML readers and strings to others; write true or false, or quote it"}},
      {with_pod("x: [010], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number with a leading zero is octal "
        "to some YAML readers and decimal to others; drop the zero, or quote it"}},
      {with_pod("x: [-010], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number with a leading zero is octal "
        "to some YAML readers and decimal to others; drop the zero, or quote it"}},
      {with_pod("x: [00.5], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number with a leading zero is octal "
        "to some YAML readers and decimal to others; drop the zero, or quote it"}},
      {with_pod("x: [0x1F], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number in another base is a string to "
        "some YAML readers; write it in decimal, or quote it"}},
      {with_pod("x: [0o17], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number in another base is a string to "
        "some YAML readers; write it in decimal, or quote it"}},
      {with_pod("x: [0b11], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number in another base is a string to "
        "some YAML readers; write it in decimal, or quote it"}},
      {with_pod("x: [1_000], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number with underscores is a string "
        "to some YAML readers; drop the underscores, or quote it"}},
      {with_pod("x: [12:30], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: digits with colons are a number of base "
        "60 to some YAML readers; quote it"}},
      {with_pod("x: [-1:00:00], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: digits with colons are a number of base "
        "60 to some YAML readers; quote it"}},
      {with_pod("x: [1:30.5], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: digits with colons are a number of base "
        "60 to some YAML readers; quote it"}},
      {with_pod("x: [1e3], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number with an exponent and no "
        "decimal point is a string to some YAML readers; write it out, or quote it"}},
      {with_pod("x: [+5], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number with a plus sign, or without "
        "digits on either side of its point, is a string to some YAML readers; write it as 5, 0.5 "
        "or 5.0, or quote it"}},
      {with_pod("x: [.5], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number with a plus sign, or without "
        "digits on either side of its point, is a string to some YAML readers; write it as 5, 0.5 "
        "or 5.0, or quote it"}},
      {with_pod("x: [5.], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: a number with a plus sign, or without "
        "digits on either side of its point, is a string to some YAML readers; write it as 5, 0.5 "
        "or 5.0, or quote it"}},
      {with_pod("x: [.inf], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: JSON, which is what the API server is "
        "sent, has no infinity and no NaN; quote it"}},
      {with_pod("x: [-.INF], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: JSON, which is what the API server is "
        "sent, has no infinity and no NaN; quote it"}},
      {with_pod("x: [.nan], "),
       {"f:8:33: error: scalers[0].job.template.spec.x[0]: JSON, which is what the API server is "
        "sent, has no infinity and no NaN; quote it"}},
      {with_pod(R"(yes: a, 5: b, true: c, "no": d, )"),
       {"f:8:29: error: scalers[0].job.template.spec.yes: a key must be a string; quote it",
        "f:8:37: error: scalers[0].job.template.spec.5: a key must be a string; quote it",
        "f:8:43: error: scalers[0].job.template.spec.true: a key must be a string; quote it"}},
  });
}

TEST_CASE("numbers must fit") {
  check({
      {with_pod("x: 9223372036854775808, "),
       {"f:8:32: error: scalers[0].job.template.spec.x: the number does not fit into 64 bits; "
        "quote it if it is meant as a string"}},
      {with_pod("x: -9223372036854775809, "),
       {"f:8:32: error: scalers[0].job.template.spec.x: the number does not fit into 64 bits; "
        "quote it if it is meant as a string"}},
      {with_pod("x: 1.0e999, "),
       {"f:8:32: error: scalers[0].job.template.spec.x: the number does not fit a double; quote it "
        "if it is meant as a string"}},
  });
}

}  // namespace
}  // namespace jobscaler
