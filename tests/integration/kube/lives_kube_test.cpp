// What the client tells of its workers' lives.

#include <catch2/catch.hpp>

#include "client.h"
#include "target.h"

namespace kube_suite {

using namespace jobscaler;
using Kind = CreateOutcome::Kind;

namespace {

ClientOptions in(const Namespace& space) {
  ClientOptions options;
  options.kubeconfig = target().kubeconfig();
  options.name_space = space.name();
  return options;
}

bool is_scheduled(const WorkerFacts& worker) {
  return worker.pod && worker.pod->scheduled;
}

bool is_ready(const WorkerFacts& worker) {
  return worker.pod && worker.pod->ready;
}

}  // namespace

TEST_CASE("a worker is seen pending, starting, ready and succeeded, in this order") {
  const Namespace space;
  auto options = in(space);
  options.annotations = R"({"fake/ready-after": "1", "fake/seconds": "3"})";
  Client client(options);
  client.start();
  const auto created = client.create(1);
  REQUIRE(created.kind == Kind::created);
  CHECK(created.worker->name == "orders-1");
  CHECK(created.worker->scaler == "orders");
  CHECK(created.worker->number == 1);
  CHECK(created.worker->node_group == "default");
  CHECK_FALSE(created.worker->uid.empty());

  const auto done = client.expect(1, "complete", [](const auto& worker) {
    return worker.outcome == WorkerFacts::Outcome::complete;
  });
  CHECK(done.finished.has_value());
  CHECK(done.created >= created.worker->created - std::chrono::seconds(2));
  CHECK(done.created <= created.worker->created + std::chrono::seconds(2));

  std::vector<std::string> phases;
  const auto enter = [&](const char* phase) {
    if (phases.empty() || phases.back() != phase) phases.push_back(phase);
  };
  for (const auto& event : client.recorder().events()) {
    for (const auto& worker : workers_in(event)) {
      if (worker.outcome == WorkerFacts::Outcome::complete) {
        enter("succeeded");
      } else if (is_ready(worker)) {
        enter("ready");
      } else if (worker.pod && worker.pod->stage == PodFacts::Stage::succeeded) {
        enter("ended");
      } else if (is_scheduled(worker)) {
        enter("starting");
      } else {
        enter("pending");
      }
    }
  }
  INFO(client.recorder().story());
  CHECK((phases == std::vector<std::string>{"pending", "starting", "ready", "ended", "succeeded"} ||
         phases == std::vector<std::string>{"pending", "starting", "ready", "succeeded"} ||
         phases == std::vector<std::string>{"pending", "starting", "ready", "succeeded", "ended"}));
}

TEST_CASE("a ready worker's times are those of the server, on our clock") {
  const Namespace space;
  auto options = in(space);
  options.annotations = R"({"fake/ready-after": "1"})";
  Client client(options);
  client.start();
  const auto before = BootClock::now();
  client.create(1);
  const auto worker = client.expect(1, "ready", is_ready);
  const auto after = BootClock::now();
  const auto slack = std::chrono::seconds(2);  // the server's times are whole seconds
  CHECK(worker.created >= before - slack);
  CHECK(*worker.pod->scheduled >= worker.created - slack);
  CHECK(*worker.pod->ready >= *worker.pod->scheduled);
  CHECK(*worker.pod->ready <= after + slack);
  CHECK_FALSE(worker.pod->node.empty());
}

TEST_CASE("a failed worker is told with exit code, reason and termination message") {
  const Namespace space;
  auto options = in(space);
  options.annotations =
      R"({"fake/seconds": "1", "fake/exit": "3", "fake/reason": "OOMKilled", "fake/message": "boom"})";
  Client client(options);
  client.start();
  client.create(1);
  const auto failed = client.expect(1, "failed with its pod's end", [](const auto& worker) {
    return worker.outcome == WorkerFacts::Outcome::failed && worker.pod && worker.pod->exit;
  });
  CHECK(failed.outcome_reason == "BackoffLimitExceeded");
  CHECK(failed.outcome_message == "Job has reached the specified backoff limit");
  CHECK(failed.pod->stage == PodFacts::Stage::failed);
  CHECK(failed.pod->exit->code == 3);
  CHECK(failed.pod->exit->reason == "OOMKilled");
  CHECK(failed.pod->exit->message == "boom");
}

TEST_CASE("a worker past its deadline has failed, told apart from a crash") {
  const Namespace space;
  auto options = in(space);
  options.extra_spec = R"("activeDeadlineSeconds": 2,)";
  Client client(options);
  client.start();
  client.create(1);
  const auto failed = client.expect(1, "failed", [](const auto& worker) {
    return worker.outcome == WorkerFacts::Outcome::failed;
  });
  CHECK(failed.outcome_reason == "DeadlineExceeded");
  CHECK(failed.outcome_message == "Job was active longer than specified deadline");
}

TEST_CASE("an image that cannot be pulled is told in the kubelet's words") {
  const Namespace space;
  auto options = in(space);
  options.annotations = R"({"fake/waiting": "ImagePullBackOff"})";
  options.container = R"({"name": "main", "image": "registry.example/none:1"})";
  Client client(options);
  client.start();
  client.create(1);
  const auto waiting = client.expect(
      1, "waiting", [](const auto& worker) { return worker.pod && worker.pod->waiting; });
  CHECK(waiting.pod->waiting->reason == "ImagePullBackOff");
  CHECK(waiting.pod->waiting->message == "Back-off pulling image \"registry.example/none:1\"");
  CHECK(waiting.pod->scheduled);
  CHECK_FALSE(waiting.pod->ready);
}

TEST_CASE("a worker that fits on no node is told in the scheduler's and the autoscaler's words") {
  const Namespace space;
  auto options = in(space);
  options.group = "no-such-group";
  Client client(options);
  client.start();
  client.create(1);
  const auto pending = client.expect(1, "unschedulable", [](const auto& worker) {
    return worker.pod && !worker.pod->unscheduled_reason.empty();
  });
  CHECK(pending.pod->unscheduled_reason == "Unschedulable");
  CHECK((contains(pending.pod->unscheduled_message, "nodes are available") ||
         contains(pending.pod->unscheduled_message, "no nodes available")));
  CHECK(pending.pod->unscheduled_since);
  CHECK_FALSE(pending.pod->scheduled);
  const auto told = client.expect(1, "with the autoscaler's event", [](const auto& worker) {
    return worker.event_reason == "NotTriggerScaleUp";
  });
  CHECK(contains(told.event_words, "cluster-autoscaler: NotTriggerScaleUp "));
  CHECK(contains(told.event_words, "node(s) didn't match node selector"));
}

TEST_CASE(
    "a worker that makes its node group grow is told with the autoscaler's words, then ready") {
  const Namespace space;
  Client client(in(space));
  client.start();
  // Nodes that others have left, or are about to leave, take the first ones; sooner or later one
  // does not fit.
  for (int number = 1; number <= 60; ++number) {
    REQUIRE(client.create(number).kind == Kind::created);
    const auto placed = client.expect(number, "placed or not", [](const auto& worker) {
      return is_scheduled(worker) || (worker.pod && !worker.pod->unscheduled_reason.empty());
    });
    if (is_scheduled(placed)) continue;
    const auto told = client.expect(
        number, "told of by the autoscaler, or ready without it", [](const auto& worker) {
          return worker.event_reason == "TriggeredScaleUp" || is_ready(worker);
        });
    if (told.event_reason != "TriggeredScaleUp") continue;
    CHECK(contains(told.event_words,
                   "cluster-autoscaler: TriggeredScaleUp pod triggered scale-up: [{pool "));
    client.expect(number, "ready on the new node", is_ready);
    return;
  }
  FAIL("60 workers, and none is told to have made group pool grow\n" << client.recorder().story());
}

TEST_CASE("an evicted pod is told with its reason") {
  const Namespace space;
  Client client(in(space));
  client.start();
  client.create(1);
  const auto running = client.expect(1, "ready", is_ready);
  const auto patched = target().merge(space.pods(running.pod->name) + "/status",
                                      R"({"status": {"phase": "Failed", "reason": "Evicted", )"
                                      R"("message": "The node was low on resource: memory."}})");
  REQUIRE(patched.status == 200);
  const auto evicted = client.expect(1, "evicted", [](const auto& worker) {
    return worker.pod && worker.pod->status_reason == "Evicted";
  });
  CHECK(evicted.pod->status_message == "The node was low on resource: memory.");
  CHECK_FALSE(evicted.pod->exit);
}

TEST_CASE("a suspended worker is told as suspended, without a pod") {
  if (!needs(22, "Jobs can be suspended")) return;
  const Namespace space;
  auto options = in(space);
  options.extra_spec = R"("suspend": true,)";
  Client client(options);
  client.start();
  const auto created = client.create(1);
  REQUIRE(created.kind == Kind::created);
  CHECK(created.worker->suspended);
  REQUIRE(target().merge(space.jobs("orders-1"), R"({"spec": {"suspend": false}})").status == 200);
  const auto resumed = client.expect(1, "resumed with a pod", [](const auto& worker) {
    return !worker.suspended && worker.pod.has_value();
  });
  CHECK(resumed.uid == created.worker->uid);
}

TEST_CASE("a finished worker's Job that is removed by its time to live is told as gone") {
  const Namespace space;
  auto options = in(space);
  options.annotations = R"({"fake/seconds": "1"})";
  options.extra_spec = R"("ttlSecondsAfterFinished": 2,)";
  Client client(options);
  client.start();
  const auto created = client.create(1);
  client.expect(1, "complete", [](const auto& worker) {
    return worker.outcome == WorkerFacts::Outcome::complete;
  });
  client.expect_gone(*created.worker);
}

TEST_CASE("a client that starts late lists the workers there are") {
  const Namespace space;
  Client first(in(space));
  first.start();
  const auto one = first.create(1);
  const auto two = first.create(2);
  const auto ready = first.expect(2, "ready", is_ready);
  first.stop();

  Client second(in(space));
  second.start();
  const auto listed =
      second.recorder().expect<event::WorkersListed>("the list", [](const auto&) { return true; });
  REQUIRE(listed.workers.size() == 2);
  for (const auto& worker : listed.workers) {
    CHECK(worker.uid == (worker.number == 1 ? one : two).worker->uid);
    REQUIRE(worker.pod);
    if (worker.number == 2) CHECK(worker.pod->name == ready.pod->name);
  }
}

TEST_CASE("two instances in one namespace do not see each other's workers") {
  const Namespace space;
  Client ours(in(space));
  auto options = in(space);
  options.instance = "other";
  Client theirs(options);
  ours.start();
  theirs.start();
  REQUIRE(ours.create(1).kind == Kind::created);
  ours.expect(1, "ready", is_ready);
  REQUIRE(theirs.create(2).kind == Kind::created);
  theirs.expect(2, "ready", is_ready);
  for (const auto& event : theirs.recorder().events()) {
    for (const auto& worker : workers_in(event)) CHECK(worker.number == 2);
  }
  for (const auto& event : ours.recorder().events()) {
    for (const auto& worker : workers_in(event)) CHECK(worker.number == 1);
  }
}

}  // namespace kube_suite
