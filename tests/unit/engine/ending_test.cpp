#include "engine/ending.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

using Kind = Ending::Kind;

TEST_CASE("a complete worker that ran for a while did work") {
  CHECK(ending_of(complete()).kind == Kind::worked);
  CHECK(ending_of(complete(1, at(10))).kind == Kind::worked);
}

TEST_CASE("a worker that exits 0 at once has yet to show in the backlog that it did anything") {
  CHECK(ending_of(complete(1, at(9))).kind == Kind::blameless);
  CHECK(exited_at_once(complete(1, at(9))));
  CHECK_FALSE(exited_at_once(complete(1, at(10))));
  CHECK_FALSE(exited_at_once(failed(1, at(9))));

  CHECK(judge_quick_exit(100, 99) == Kind::worked);
  CHECK(judge_quick_exit(100, 100) == Kind::idle);
  CHECK(judge_quick_exit(100, 120) == Kind::idle);
  CHECK(judge_quick_exit(0, 0) == Kind::blameless);
  CHECK(judge_quick_exit(0, 5) == Kind::blameless);
}

TEST_CASE("a failed worker is at fault, with its exit code, reason and termination message") {
  const Ending ending = ending_of(failed());
  CHECK(ending.kind == Kind::failed);
  CHECK(ending.at == at(60));
  CHECK(ending.words == "exit code 1, Error: no such host: db");
}

TEST_CASE("a deadline exceeded is told apart from a crash") {
  WorkerFacts facts = failed();
  facts.outcome_reason = "DeadlineExceeded";
  facts.outcome_message = "Job was active longer than specified deadline";
  CHECK(ending_of(facts).words ==
        "deadline exceeded: Job was active longer than specified deadline");
}

TEST_CASE("a failed Job whose pod is not there any more speaks for itself") {
  WorkerFacts facts = failed();
  facts.pod.reset();
  CHECK(ending_of(facts).kind == Kind::failed);
  CHECK(ending_of(facts).words ==
        "BackoffLimitExceeded: Job has reached the specified backoff limit");
}

TEST_CASE("pods that failed without having run are nobody's fault") {
  const std::string reason =
      GENERATE("Evicted", "NodeLost", "OutOfcpu", "OutOfmemory", "OutOfpods",
               "OutOfephemeral-storage", "OutOfexample.com/gpu", "NodeAffinity", "NodeShutdown",
               "Terminated", "UnexpectedAdmissionError", "Shutdown");
  WorkerFacts facts = failed();
  facts.pod->exit.reset();
  facts.pod->status_reason = reason;
  facts.pod->status_message = "because";
  CHECK(ending_of(facts).kind == Kind::blameless);
  CHECK(ending_of(facts).words == reason + ": because");

  facts.pod->exit = PodFacts::Exit{137, "OOMKilled", ""};  // it ran
  CHECK(ending_of(facts).kind == Kind::failed);
  facts.pod->disrupted = true;  // and was preempted
  CHECK(ending_of(facts).kind == Kind::blameless);
}

TEST_CASE("a pod that failed for any other reason is its worker's own fault") {
  WorkerFacts facts = failed();
  facts.pod->exit.reset();
  facts.pod->status_reason = GENERATE("DeadlineExceeded", "Error", "RunOutOf", "");
  CHECK(ending_of(facts).kind == Kind::failed);
}
