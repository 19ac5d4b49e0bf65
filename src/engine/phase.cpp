#include "engine/phase.h"

#include <algorithm>
#include <array>

namespace jobscaler::engine {
namespace {

constexpr std::array<std::string_view, 9> kFatalWaits = {
    "ErrImagePull",         "ImagePullBackOff",  "ErrImageNeverPull",
    "ImageInspectError",    "InvalidImageName",  "CreateContainerConfigError",
    "CreateContainerError", "RunContainerError", "CrashLoopBackOff"};

bool waits_fatally(const WorkerFacts& worker) {
  return worker.pod && worker.pod->waiting && is_fatal_wait(worker.pod->waiting->reason);
}

/// An image name that is not one is not going to become one.
bool is_hopeless(const WorkerFacts& worker) {
  return worker.pod && worker.pod->waiting && worker.pod->waiting->reason == "InvalidImageName";
}

bool shows_readiness(const PodFacts& pod) {
  return (pod.ready && !pod.deleting) || pod.stage == PodFacts::Stage::succeeded;
}

bool must_have_been_ready(const PodFacts& pod, const ScalerSpec& spec, TimePoint now) {
  // A pod in stage Pending has containers that never ran, so it has never been ready.
  return pod.scheduled && pod.stage != PodFacts::Stage::pending &&
         now - *pod.scheduled > spec.ready_timeout;
}

std::string pod_uid_of(const WorkerFacts& worker) {
  return worker.pod ? worker.pod->uid : "";
}

PhaseVerdict stuck(StuckCause cause, TimePoint since) {
  return {Phase::stuck, since, cause, TimePoint::max()};
}

PhaseVerdict without_pod(const WorkerFacts& worker, const PhaseMemory& memory,
                         const ScalerSpec& spec, TimePoint now) {
  if (worker.suspended) return {Phase::pending, worker.created};
  const TimePoint limit = memory.podless_since.value_or(worker.created) + spec.stuck_after;
  if (now >= limit) return stuck(StuckCause::no_pod, limit);
  return {Phase::pending, worker.created, StuckCause::none, limit};
}

/// REQUIRES: worker.pod->scheduled
PhaseVerdict scheduled(const WorkerFacts& worker, const PhaseMemory& memory, const ScalerSpec& spec,
                       TimePoint now) {
  const TimePoint since = *worker.pod->scheduled;
  const TimePoint ready_limit = since + spec.ready_timeout;
  TimePoint limit = ready_limit;
  if (waits_fatally(worker)) {
    const Duration patience = is_hopeless(worker) ? Duration::zero() : spec.stuck_after;
    const TimePoint wait_limit = memory.fatal_since.value_or(now) + patience;
    if (now >= wait_limit) return stuck(StuckCause::fatal_wait, wait_limit);
    limit = std::min(limit, wait_limit);
  }
  if (now >= ready_limit) return stuck(StuckCause::not_ready, ready_limit);
  return {Phase::starting, since, StuckCause::none, limit};
}

}  // namespace

bool is_fatal_wait(std::string_view reason) {
  return std::find(kFatalWaits.begin(), kFatalWaits.end(), reason) != kFatalWaits.end();
}

PhaseVerdict phase_of(const WorkerFacts& worker, const PhaseMemory& memory, const ScalerSpec& spec,
                      TimePoint now) {
  if (worker.outcome == WorkerFacts::Outcome::complete) {
    return {Phase::succeeded, worker.finished.value_or(now)};
  }
  if (worker.outcome == WorkerFacts::Outcome::failed) {
    return {Phase::failed, worker.finished.value_or(now)};
  }
  if (worker.deleting) return stuck(StuckCause::deleting, now);
  if (memory.was_ready || (worker.pod && shows_readiness(*worker.pod))) {
    return {Phase::ready, worker.pod ? worker.pod->ready.value_or(now) : now};
  }
  if (memory.stuck && memory.pod_uid == pod_uid_of(worker)) {
    return stuck(memory.stuck->cause, memory.stuck->since);
  }
  if (!worker.pod) return without_pod(worker, memory, spec, now);
  if (!worker.pod->scheduled) return {Phase::pending, worker.created};
  return scheduled(worker, memory, spec, now);
}

void remember(PhaseMemory& memory, const WorkerFacts& worker, const ScalerSpec& spec, TimePoint now,
              bool first_sight) {
  const std::string uid = pod_uid_of(worker);
  const bool new_pod = first_sight || uid != memory.pod_uid;
  if (new_pod) {
    memory.pod_uid = uid;
    memory.fatal_since.reset();
    memory.podless_since.reset();
    memory.stuck.reset();
  }
  if (!worker.pod) {
    if (worker.suspended) {
      memory.podless_since = now;
      memory.stuck.reset();
    } else if (!memory.podless_since) {
      memory.podless_since = first_sight ? worker.created : now;
    }
    return;
  }
  if (new_pod && must_have_been_ready(*worker.pod, spec, now)) memory.was_ready = true;
  if (shows_readiness(*worker.pod)) memory.was_ready = true;
  if (waits_fatally(worker) && !memory.fatal_since) {
    memory.fatal_since = first_sight ? worker.pod->scheduled.value_or(now) : now;
  }
}

std::optional<TimePoint> unplaced_since(const WorkerFacts& worker, Phase phase) {
  if (phase != Phase::pending) return std::nullopt;
  if (!worker.pod) return worker.suspended ? std::optional(worker.created) : std::nullopt;
  return worker.pod->unscheduled_since.value_or(worker.pod->created);
}

}  // namespace jobscaler::engine
