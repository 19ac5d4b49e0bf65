#include "engine/phase.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

namespace {

const ScalerSpec kSpec = orders();

/// The phase of a worker that has been seen like this since at(0).
PhaseVerdict seen_since_0(const WorkerFacts& facts, TimePoint now) {
  PhaseMemory memory;
  remember(memory, facts, kSpec, at(0), true);
  return phase_of(facts, memory, kSpec, now);
}

Phase phase(const WorkerFacts& facts, TimePoint now = at(1)) {
  return seen_since_0(facts, now).phase;
}

/// The phase of a worker first seen at `now`, as after a restart.
Phase first_seen(const WorkerFacts& facts, TimePoint now) {
  PhaseMemory memory;
  remember(memory, facts, kSpec, now, true);
  return phase_of(facts, memory, kSpec, now).phase;
}

}  // namespace

// Each condition three times: it holds, it does not, it is missing.

TEST_CASE("finished is what the Job's conditions say") {
  CHECK(phase(complete()) == Phase::succeeded);
  CHECK(phase(failed()) == Phase::failed);
  WorkerFacts without_date = complete();
  without_date.finished.reset();
  without_date.pod.reset();
  CHECK(phase(without_date) == Phase::succeeded);
}

TEST_CASE("scheduled is what tells starting from pending") {
  CHECK(phase(scheduled()) == Phase::starting);
  CHECK(phase(unschedulable()) == Phase::pending);
  CHECK(phase(with_pod()) == Phase::pending);  // the scheduler has not looked at it yet
}

TEST_CASE("ready is the pod's condition, unless the pod is going") {
  CHECK(phase(ready()) == Phase::ready);
  CHECK(phase(scheduled()) == Phase::starting);
  WorkerFacts going = ready();
  going.pod->deleting = true;
  CHECK(phase(going) == Phase::starting);
  CHECK(phase(job()) == Phase::pending);
}

TEST_CASE("a pod that has succeeded has been ready, before its Job is Complete") {
  WorkerFacts facts = scheduled();
  facts.pod->stage = PodFacts::Stage::succeeded;
  CHECK(phase(facts) == Phase::ready);
  facts.pod->stage = PodFacts::Stage::failed;
  CHECK(phase(facts) == Phase::starting);
  facts.pod->stage = PodFacts::Stage::unknown;
  CHECK(phase(facts) == Phase::starting);
}

TEST_CASE("a Job without a pod is stuck after stuckAfter, unless it is suspended") {
  CHECK(phase(job(), at(29.9)) == Phase::pending);
  CHECK(phase(job(), at(30)) == Phase::stuck);
  CHECK(seen_since_0(job(), at(30)).cause == StuckCause::no_pod);
  WorkerFacts suspended = job();
  suspended.suspended = true;
  CHECK(phase(suspended, at(100'000)) == Phase::pending);
}

TEST_CASE("a fatal waiting reason is stuck after stuckAfter, an ordinary one is not") {
  const std::string reason =
      GENERATE("ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "ImageInspectError",
               "CreateContainerConfigError", "CreateContainerError", "RunContainerError",
               "CrashLoopBackOff");
  CHECK(phase(waiting(reason), at(29.9)) == Phase::starting);
  CHECK(phase(waiting(reason), at(30)) == Phase::stuck);
  CHECK(seen_since_0(waiting(reason), at(30)).cause == StuckCause::fatal_wait);
}

TEST_CASE("an image name that is none is stuck at once; a container being created is not") {
  CHECK(phase(waiting("InvalidImageName"), at(0)) == Phase::stuck);
  CHECK(phase(waiting("ContainerCreating"), at(200)) == Phase::starting);
  CHECK(phase(waiting(""), at(200)) == Phase::starting);
}

TEST_CASE("scheduled and not ready is stuck after readyTimeout") {
  CHECK(phase(scheduled(), at(299.9)) == Phase::starting);
  CHECK(phase(scheduled(), at(300)) == Phase::stuck);
  CHECK(seen_since_0(scheduled(), at(300)).cause == StuckCause::not_ready);
  CHECK(phase(ready(), at(100'000)) == Phase::ready);
}

TEST_CASE("Unschedulable is never stuck: that pod is what makes the cluster grow") {
  CHECK(phase(unschedulable(), at(100'000)) == Phase::pending);
}

TEST_CASE("a worker that is being deleted holds no window, ready or not") {
  WorkerFacts going = job();
  going.deleting = true;
  CHECK(phase(going) == Phase::stuck);
  CHECK(seen_since_0(going, at(1)).cause == StuckCause::deleting);
  WorkerFacts busy = ready();
  busy.deleting = true;
  CHECK(phase(busy) == Phase::stuck);
  WorkerFacts over = complete();
  over.deleting = true;
  CHECK(phase(over) == Phase::succeeded);
}

TEST_CASE("ready latches: a flapping probe, a crash loop, a replaced pod do not undo it") {
  PhaseMemory memory;
  remember(memory, ready(), kSpec, at(2), false);
  const WorkerFacts other =
      GENERATE(scheduled(), waiting("CrashLoopBackOff"), unschedulable(2), job());
  remember(memory, other, kSpec, at(3), false);
  CHECK(phase_of(other, memory, kSpec, at(100'000)).phase == Phase::ready);
}

TEST_CASE(
    "a running pod first seen longer than readyTimeout after it was scheduled has been ready") {
  WorkerFacts running = scheduled();
  running.pod->stage = PodFacts::Stage::running;
  CHECK(first_seen(running, at(299)) == Phase::starting);
  CHECK(first_seen(running, at(301)) == Phase::ready);
  running.pod->stage = PodFacts::Stage::pending;  // its containers never ran
  CHECK(first_seen(running, at(301)) == Phase::stuck);
  CHECK(first_seen(unschedulable(), at(301)) == Phase::pending);
}

TEST_CASE("after a restart a fatal wait counts from when the pod was scheduled") {
  CHECK(first_seen(waiting("ImagePullBackOff"), at(29)) == Phase::starting);
  CHECK(first_seen(waiting("ImagePullBackOff"), at(31)) == Phase::stuck);
}

TEST_CASE(
    "a fatal wait is counted from its first sight, through the moments between two attempts") {
  PhaseMemory memory;
  remember(memory, scheduled(), kSpec, at(0), true);
  remember(memory, waiting("CrashLoopBackOff"), kSpec, at(10), false);
  CHECK(phase_of(waiting("CrashLoopBackOff"), memory, kSpec, at(39)).phase == Phase::starting);
  remember(memory, scheduled(), kSpec, at(39), false);  // it runs for a moment
  CHECK(phase_of(scheduled(), memory, kSpec, at(41)).phase == Phase::starting);
  remember(memory, waiting("CrashLoopBackOff"), kSpec, at(42), false);
  CHECK(phase_of(waiting("CrashLoopBackOff"), memory, kSpec, at(42)).phase == Phase::stuck);
}

TEST_CASE("stuck stays, until the pod is ready or another one") {
  PhaseMemory memory;
  remember(memory, waiting("ImagePullBackOff"), kSpec, at(0), true);
  memory.stuck = Stuck{StuckCause::fatal_wait, at(30)};
  CHECK(phase_of(scheduled(), memory, kSpec, at(40)).phase == Phase::stuck);

  SECTION("ready") {
    remember(memory, ready(), kSpec, at(40), false);
    CHECK(phase_of(ready(), memory, kSpec, at(40)).phase == Phase::ready);
  }
  SECTION("another pod") {
    WorkerFacts other = scheduled(1, at(38));
    other.pod->uid = "another";
    remember(memory, other, kSpec, at(40), false);
    CHECK(phase_of(other, memory, kSpec, at(40)).phase == Phase::starting);
  }
}

TEST_CASE("a Job whose pod went away is stuck stuckAfter later, not at once") {
  PhaseMemory memory;
  remember(memory, scheduled(), kSpec, at(0), true);
  remember(memory, job(), kSpec, at(100), false);
  CHECK(phase_of(job(), memory, kSpec, at(129)).phase == Phase::pending);
  CHECK(phase_of(job(), memory, kSpec, at(130)).phase == Phase::stuck);
}

TEST_CASE("a Job that was suspended for long gets its stuckAfter when it is let go") {
  PhaseMemory memory;
  WorkerFacts suspended = job();
  suspended.suspended = true;
  remember(memory, suspended, kSpec, at(0), true);
  remember(memory, suspended, kSpec, at(1000), false);
  remember(memory, job(), kSpec, at(1001), false);
  CHECK(phase_of(job(), memory, kSpec, at(1029)).phase == Phase::pending);
  CHECK(phase_of(job(), memory, kSpec, at(1031)).phase == Phase::stuck);
}

TEST_CASE("a verdict says when time alone changes it") {
  CHECK(seen_since_0(job(), at(1)).changes_at == at(30));
  CHECK(seen_since_0(scheduled(), at(1)).changes_at == at(300));
  CHECK(seen_since_0(waiting("ErrImagePull"), at(1)).changes_at == at(30));
  CHECK(seen_since_0(unschedulable(), at(1)).changes_at == TimePoint::max());
  CHECK(seen_since_0(ready(), at(1)).changes_at == TimePoint::max());
  CHECK(seen_since_0(complete(), at(1)).changes_at == TimePoint::max());
}

TEST_CASE(
    "a worker waits for a place when it is unschedulable, unseen by the scheduler or suspended") {
  CHECK(unplaced_since(unschedulable(), Phase::pending) == at(0));
  CHECK(unplaced_since(with_pod(), Phase::pending) == at(0));
  CHECK_FALSE(unplaced_since(job(), Phase::pending).has_value());
  WorkerFacts suspended = job();
  suspended.suspended = true;
  CHECK(unplaced_since(suspended, Phase::pending) == at(0));
  CHECK_FALSE(unplaced_since(scheduled(), Phase::starting).has_value());
}
