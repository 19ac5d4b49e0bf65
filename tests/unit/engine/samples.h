#pragma once

#include <chrono>
#include <string>

#include "jobscaler/engine.h"
#include "jobscaler/spec.h"
#include "jobscaler/worker.h"

namespace jobscaler::engine {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// A moment so many seconds into the test.
inline TimePoint at(double s) {
  return TimePoint(seconds(10'000)) + milliseconds(static_cast<long long>(s * 1000));
}

/// Worker orders-<number>, created at at(0), without a pod.
inline WorkerFacts job(int number = 1) {
  WorkerFacts facts;
  facts.name = "orders-" + std::to_string(number);
  facts.uid = "uid-" + std::to_string(number);
  facts.scaler = "orders";
  facts.number = number;
  facts.node_group = "default";
  facts.created = at(0);
  return facts;
}

/// The same with a pod that nobody has scheduled yet.
inline WorkerFacts with_pod(int number = 1) {
  WorkerFacts facts = job(number);
  facts.pod.emplace();
  facts.pod->name = facts.name + "-pod";
  facts.pod->uid = "pod-uid-" + std::to_string(number);
  facts.pod->created = at(0);
  return facts;
}

inline WorkerFacts unschedulable(int number = 1) {
  WorkerFacts facts = with_pod(number);
  facts.pod->unscheduled_reason = "Unschedulable";
  facts.pod->unscheduled_message = "0/3 nodes available: insufficient cpu";
  facts.pod->unscheduled_since = at(0);
  return facts;
}

inline WorkerFacts scheduled(int number = 1, TimePoint when = at(0)) {
  WorkerFacts facts = with_pod(number);
  facts.pod->scheduled = when;
  facts.pod->node = "pool-a-7";
  return facts;
}

inline WorkerFacts waiting(std::string reason, std::string message = "") {
  WorkerFacts facts = scheduled();
  facts.pod->waiting = PodFacts::Waiting{std::move(reason), std::move(message)};
  return facts;
}

inline WorkerFacts ready(int number = 1, TimePoint when = at(2)) {
  WorkerFacts facts = scheduled(number);
  facts.pod->stage = PodFacts::Stage::running;
  facts.pod->ready = when;
  return facts;
}

inline WorkerFacts complete(int number = 1, TimePoint when = at(60)) {
  WorkerFacts facts = scheduled(number);
  facts.outcome = WorkerFacts::Outcome::complete;
  facts.finished = when;
  facts.pod->stage = PodFacts::Stage::succeeded;
  facts.pod->exit = PodFacts::Exit{0, "Completed", ""};
  return facts;
}

inline WorkerFacts failed(int number = 1, TimePoint when = at(60)) {
  WorkerFacts facts = scheduled(number);
  facts.outcome = WorkerFacts::Outcome::failed;
  facts.outcome_reason = "BackoffLimitExceeded";
  facts.outcome_message = "Job has reached the specified backoff limit";
  facts.finished = when;
  facts.pod->stage = PodFacts::Stage::failed;
  facts.pod->exit = PodFacts::Exit{1, "Error", "no such host: db"};
  return facts;
}

inline Reading reading(std::int64_t waiting, TimePoint taken_at = at(0)) {
  Reading r;
  r.waiting = waiting;
  r.taken_at = taken_at;
  return r;
}

/// Scaler orders on group default: more than 100 messages, at most 20 workers.
inline ScalerSpec orders() {
  ScalerSpec spec;
  spec.name = "orders";
  spec.messages_above = 100;
  spec.max_workers = 20;
  spec.node_groups = {"default"};
  return spec;
}

inline NodeGroupSpec group(std::string name = "default", int window = 1) {
  NodeGroupSpec spec;
  spec.name = std::move(name);
  spec.window = window;
  return spec;
}

}  // namespace jobscaler::engine
