#include "engine/texts.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

namespace {

PhaseVerdict verdict(Phase phase, TimePoint since = at(0)) {
  return {phase, since};
}

}  // namespace

TEST_CASE("other people's words become one line of bounded length, cut between characters") {
  CHECK(one_line("") == "");
  CHECK(one_line("  a\n\tb\r\n\x01 c ") == "a b c");
  CHECK(one_line(std::string(400, 'x')) == std::string(300, 'x') + "...");
  CHECK(one_line("abé", 3) == "ab...");
  CHECK(one_line("abé", 4) == "abé");
}

TEST_CASE("ages say how they are known") {
  CHECK(age_text({seconds(12), AgeMethod::timestamp, OldestAge::Kind::exact}) == "oldest 12s");
  CHECK(age_text({minutes(5), AgeMethod::bound, OldestAge::Kind::upper_bound}) ==
        "oldest <= 5m (bound)");
  CHECK(age_text({minutes(2), AgeMethod::arrivals, OldestAge::Kind::lower_bound}) ==
        "oldest >= 2m (arrivals)");
}

TEST_CASE("an unready worker is told of in the scheduler's and the autoscaler's words") {
  WorkerFacts facts = unschedulable(42);
  facts.event_words = "cluster-autoscaler: TriggeredScaleUp pool-a 3->4";
  CHECK(waiting_words(facts, verdict(Phase::pending), at(8)) ==
        "orders-42 pending 8s, Unschedulable: 0/3 nodes available: insufficient cpu; "
        "cluster-autoscaler: TriggeredScaleUp pool-a 3->4");
}

TEST_CASE("an unready worker is told of in the kubelet's words") {
  CHECK(waiting_words(waiting("ContainerCreating"), verdict(Phase::starting), at(3)) ==
        "orders-1 starting 3s, ContainerCreating");
  CHECK(waiting_words(waiting("ErrImagePull", "not\nfound"), verdict(Phase::starting), at(3)) ==
        "orders-1 starting 3s, ErrImagePull: not found");
  CHECK(waiting_words(scheduled(), verdict(Phase::starting), at(3)) ==
        "orders-1 starting 3s, on node pool-a-7");
  CHECK(waiting_words(with_pod(), verdict(Phase::pending), at(3)) == "orders-1 pending 3s");
  CHECK(waiting_words(job(), verdict(Phase::pending), at(3)) == "orders-1 pending 3s, no pod yet");
  WorkerFacts suspended = job();
  suspended.suspended = true;
  CHECK(waiting_words(suspended, verdict(Phase::pending), at(3)) ==
        "orders-1 pending 3s, suspended by an admission queue");
}

TEST_CASE("a stuck worker is told of with what it waits for") {
  CHECK(stuck_words(waiting("ImagePullBackOff", "Back-off pulling image \"x\""),
                    StuckCause::fatal_wait,
                    orders()) == "stuck, ImagePullBackOff: Back-off pulling image \"x\"");
  CHECK(stuck_words(scheduled(), StuckCause::not_ready, orders()) ==
        "stuck, not ready 5m after it was scheduled, on node pool-a-7");
  CHECK(stuck_words(job(), StuckCause::no_pod, orders()) == "stuck, no pod is made for it");
  WorkerFacts refused = job();
  refused.event_words = "job-controller: FailedCreate exceeded quota";
  CHECK(stuck_words(refused, StuckCause::no_pod, orders()) ==
        "stuck, no pod is made for it: job-controller: FailedCreate exceeded quota");
  CHECK(stuck_words(job(), StuckCause::deleting, orders()) == "being deleted");
}

TEST_CASE("exit codes come with reason and termination message where there are any") {
  WorkerFacts facts = failed();
  CHECK(failure_words(facts) == "exit code 1, Error: no such host: db");
  facts.pod->exit = PodFacts::Exit{137, "OOMKilled", ""};
  CHECK(failure_words(facts) == "exit code 137, OOMKilled");
  facts.pod->exit = PodFacts::Exit{3, "", ""};
  CHECK(failure_words(facts) == "exit code 3");
}

TEST_CASE("counts by phase leave out what there is none of") {
  WorkerCounts counts;
  CHECK(phases_text(counts) == "");
  counts.ready = 3;
  counts.pending = 1;
  counts.stuck = 2;
  CHECK(phases_text(counts) == "3 ready, 1 pending, 2 stuck");
  CHECK(workers(1) == "1 worker");
  CHECK(workers(0) == "0 workers");
}
