#include <catch2/catch.hpp>

#include "kube/facts.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using test::json;

TEST_CASE("the newest telling event speaks, with its component's name") {
  const auto words = newest_event(json(R"({'items': [
      {'reason': 'NotTriggerScaleUp', 'message': 'old', 'lastTimestamp': '2024-01-01T00:00:00Z',
       'source': {'component': 'cluster-autoscaler'}},
      {'reason': 'TriggeredScaleUp', 'message': 'pool-a 3->4', 'lastTimestamp': '2024-01-01T00:01:00Z',
       'source': {'component': 'cluster-autoscaler'}},
      {'reason': 'Scheduled', 'message': 'newer, and no news', 'lastTimestamp': '2024-01-01T00:02:00Z',
       'source': {'component': 'default-scheduler'}}]})"));
  CHECK(words.reason == "TriggeredScaleUp");
  CHECK(words.words == "cluster-autoscaler: TriggeredScaleUp pool-a 3->4");
}

TEST_CASE("whichever of an event's times is set counts") {
  const auto words = newest_event(json(R"({'items': [
      {'reason': 'FailedCreate', 'message': 'series', 'reportingComponent': 'job-controller',
       'eventTime': '2024-01-01T00:00:00.000000Z', 'lastTimestamp': null,
       'series': {'lastObservedTime': '2024-01-01T00:09:00.000000Z'}},
      {'reason': 'FailedMount', 'message': 'created', 'source': {'component': 'kubelet'},
       'metadata': {'creationTimestamp': '2024-01-01T00:05:00Z'}}]})"));
  CHECK(words.words == "job-controller: FailedCreate series");
}

TEST_CASE("the scheduler's repetitions do not hide what the autoscaler has said") {
  const auto words = newest_event(json(R"({'items': [
      {'reason': 'TriggeredScaleUp', 'message': 'pool-a 3->4', 'lastTimestamp': '2024-01-01T00:01:00Z',
       'source': {'component': 'cluster-autoscaler'}},
      {'reason': 'FailedScheduling', 'message': '0/3 nodes', 'lastTimestamp': '2024-01-01T00:02:00Z',
       'source': {'component': 'default-scheduler'}}]})"));
  CHECK(words.reason == "TriggeredScaleUp");
}

TEST_CASE("no events, no telling ones and odd ones are no words") {
  CHECK(newest_event(json("{'items': []}")) == EventWords{});
  CHECK(newest_event(json("{}")) == EventWords{});
  CHECK(newest_event(json("{'items': [null, {}, {'reason': 'Pulled'}]}")) == EventWords{});
  CHECK(newest_event(json("{'items': [{'reason': 'FailedCreate'}]}")).words ==
        "event: FailedCreate ");
}
