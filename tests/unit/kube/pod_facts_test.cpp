#include <catch2/catch.hpp>

#include "kube/facts.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace std::chrono_literals;
using test::json;

namespace {

PodFacts pod_with(const std::string& rest) {
  const auto pod = parse_pod(
      json("{'metadata': {'name': 'p', 'uid': 'u', 'creationTimestamp': '1970-01-01T00:01:40Z'}" +
           rest + "}"));
  REQUIRE(pod.ok());
  return pod->facts;
}

PodFacts pod_with_containers(const std::string& statuses) {
  return pod_with(", 'status': {'containerStatuses': [" + statuses + "]}");
}

}  // namespace

TEST_CASE("a pod nobody has looked at yet is pending") {
  const auto pod = pod_with("");
  CHECK(pod.name == "p");
  CHECK(pod.uid == "u");
  CHECK(pod.node.empty());
  CHECK(pod.created == ServerTime(100s));
  CHECK(pod.stage == PodFacts::Stage::pending);
  CHECK_FALSE(pod.scheduled);
  CHECK_FALSE(pod.ready);
  CHECK_FALSE(pod.waiting);
  CHECK_FALSE(pod.exit);
}

TEST_CASE("an unschedulable pod comes with the scheduler's words") {
  const auto pod = pod_with(R"(, 'status': {'phase': 'Pending', 'conditions': [
      {'type': 'PodScheduled', 'status': 'False', 'reason': 'Unschedulable',
       'message': '0/3 nodes are available', 'lastTransitionTime': '1970-01-01T00:02:00Z'}]})");
  CHECK_FALSE(pod.scheduled);
  CHECK(pod.unscheduled_reason == "Unschedulable");
  CHECK(pod.unscheduled_message == "0/3 nodes are available");
  CHECK(pod.unscheduled_since == ServerTime(120s));
}

TEST_CASE("a scheduled pod that is ready says since when") {
  const auto pod = pod_with(R"(, 'spec': {'nodeName': 'pool-a-7'}, 'status': {'phase': 'Running',
      'conditions': [
      {'type': 'PodScheduled', 'status': 'True', 'lastTransitionTime': '1970-01-01T00:02:00Z'},
      {'type': 'Ready', 'status': 'True', 'lastTransitionTime': '1970-01-01T00:03:00Z'}]})");
  CHECK(pod.node == "pool-a-7");
  CHECK(pod.stage == PodFacts::Stage::running);
  CHECK(pod.scheduled == ServerTime(120s));
  CHECK(pod.ready == ServerTime(180s));
}

TEST_CASE("a pod is not ready when Ready is False, Unknown or missing") {
  CHECK_FALSE(pod_with(", 'status': {'conditions': [{'type': 'Ready', 'status': 'False'}]}").ready);
  CHECK_FALSE(
      pod_with(", 'status': {'conditions': [{'type': 'Ready', 'status': 'Unknown'}]}").ready);
  CHECK_FALSE(pod_with(", 'status': {'conditions': [{'type': 'Ready'}]}").ready);
  CHECK_FALSE(
      pod_with(", 'status': {'conditions': [{'type': 'ContainersReady', 'status': 'True'}]}")
          .ready);
}

TEST_CASE("a condition without a time has held since the pod was created") {
  const auto pod = pod_with(", 'status': {'conditions': [{'type': 'Ready', 'status': 'True'}]}");
  CHECK(pod.ready == ServerTime(100s));
}

TEST_CASE("a pod that was given a node without a scheduler counts as scheduled") {
  CHECK(pod_with(", 'spec': {'nodeName': 'n1'}").scheduled == ServerTime(100s));
}

TEST_CASE("disruption, deletion and the status's own reason are seen") {
  CHECK(pod_with(", 'status': {'conditions': [{'type': 'DisruptionTarget', 'status': 'True'}]}")
            .disrupted);
  const auto evicted =
      pod_with(", 'status': {'phase': 'Failed', 'reason': 'Evicted', 'message': 'low on memory'}");
  CHECK(evicted.stage == PodFacts::Stage::failed);
  CHECK(evicted.status_reason == "Evicted");
  CHECK(evicted.status_message == "low on memory");
  const auto deleting = parse_pod(
      json("{'metadata': {'name': 'p', 'uid': 'u', 'deletionTimestamp': '2024-01-01T00:00:00Z'}}"));
  REQUIRE(deleting.ok());
  CHECK(deleting->facts.deleting);
}

TEST_CASE("a deletion time and states of null are none") {
  const auto pod = parse_pod(json(
      R"({'metadata': {'name': 'p', 'uid': 'u', 'deletionTimestamp': null}, 'status': {
          'containerStatuses': [{'state': {'waiting': null, 'terminated': null}}]}})"));
  REQUIRE(pod.ok());
  CHECK_FALSE(pod->facts.deleting);
  CHECK_FALSE(pod->facts.waiting);
}

TEST_CASE("phases are what they are called, and an unknown one is pending") {
  const auto stage = [](const char* phase) {
    return pod_with(", 'status': {'phase': '" + std::string(phase) + "'}").stage;
  };
  CHECK(stage("Pending") == PodFacts::Stage::pending);
  CHECK(stage("Running") == PodFacts::Stage::running);
  CHECK(stage("Succeeded") == PodFacts::Stage::succeeded);
  CHECK(stage("Failed") == PodFacts::Stage::failed);
  CHECK(stage("Unknown") == PodFacts::Stage::unknown);
  CHECK(stage("New") == PodFacts::Stage::pending);
}

TEST_CASE("the first container that waits is the one told about") {
  const auto pod = pod_with(R"(, 'status': {
      'initContainerStatuses': [
        {'state': {'waiting': {'reason': 'ImagePullBackOff', 'message': 'Back-off pulling x'}}}],
      'containerStatuses': [{'state': {'waiting': {'reason': 'PodInitializing'}}}]})");
  REQUIRE(pod.waiting);
  CHECK(*pod.waiting == PodFacts::Waiting{"ImagePullBackOff", "Back-off pulling x"});
}

TEST_CASE("a container that cannot start says more than one that has not been come to") {
  const auto pod = pod_with_containers(R"({'state': {'waiting': {'reason': 'ContainerCreating'}}},
      {'state': {'waiting': {'reason': 'CreateContainerConfigError', 'message': 'no secret'}}})");
  REQUIRE(pod.waiting);
  CHECK(pod.waiting->reason == "CreateContainerConfigError");
}

TEST_CASE("the first container that failed is the one whose end is told") {
  const auto pod = pod_with_containers(
      R"({'state': {'terminated': {'exitCode': 0, 'reason': 'Completed'}}},
         {'state': {'terminated': {'exitCode': 137, 'reason': 'OOMKilled', 'message': 'last words'}}},
         {'state': {'terminated': {'exitCode': 1, 'reason': 'Error'}}})");
  REQUIRE(pod.exit);
  CHECK(*pod.exit == PodFacts::Exit{137, "OOMKilled", "last words"});
}

TEST_CASE("when none failed, the first that ended is told") {
  const auto pod = pod_with_containers(
      R"({'state': {'running': {}}},
         {'state': {'terminated': {'exitCode': 0, 'reason': 'Completed'}}})");
  REQUIRE(pod.exit);
  CHECK(*pod.exit == PodFacts::Exit{0, "Completed", ""});
}

TEST_CASE("a container that waits to be restarted says how it ended the last time") {
  const auto pod = pod_with_containers(
      R"({'state': {'waiting': {'reason': 'CrashLoopBackOff'}},
          'lastState': {'terminated': {'exitCode': 3, 'reason': 'Error'}}})");
  REQUIRE(pod.exit);
  CHECK(pod.exit->code == 3);
  CHECK_FALSE(pod_with_containers(R"({'state': {'running': {}},
      'lastState': {'terminated': {'exitCode': 3, 'reason': 'Error'}}})")
                  .exit);
}

TEST_CASE("an end without an exit code is not an exit code of 0") {
  CHECK_FALSE(pod_with_containers("{'state': {'terminated': {'reason': 'Error'}}}").exit);
  CHECK_FALSE(pod_with_containers("{'state': {'terminated': {'exitCode': '0'}}}").exit);
  CHECK_FALSE(pod_with_containers("{'state': {'terminated': {'exitCode': 1.5}}}").exit);
}

TEST_CASE("a pod names its Job by controller, else by label") {
  const auto owned = parse_pod(json(
      R"({'metadata': {'name': 'p', 'uid': 'u', 'labels': {'job-name': 'orders-1'},
          'ownerReferences': [{'kind': 'X', 'uid': 'other'},
                              {'kind': 'Job', 'uid': 'j1', 'controller': true}]}})"));
  REQUIRE(owned.ok());
  CHECK(owned->owner_uid == "j1");
  CHECK(owned->job_name == "orders-1");
  const auto newer = parse_pod(json(
      R"({'metadata': {'name': 'p', 'uid': 'u',
          'labels': {'batch.kubernetes.io/job-name': 'orders-2', 'job-name': 'old'}}})"));
  CHECK(newer->owner_uid.empty());
  CHECK(newer->job_name == "orders-2");
}

TEST_CASE("a pod without a name or uid is refused") {
  CHECK_FALSE(parse_pod(json("{}")).ok());
  CHECK_FALSE(parse_pod(json("{'metadata': {'name': 'p'}}")).ok());
  CHECK_FALSE(parse_pod(json("{'metadata': {'uid': 'u'}}")).ok());
}

TEST_CASE("odd shapes of a pod are not known rather than a crash") {
  CHECK(pod_with(", 'spec': [], 'status': 'odd'").node.empty());
  CHECK_FALSE(pod_with(", 'status': {'conditions': {'type': 'Ready'}}").ready);
  CHECK_FALSE(pod_with(", 'status': {'containerStatuses': [null, 1, {'state': 7}]}").waiting);
}
