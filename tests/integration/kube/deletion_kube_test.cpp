// Deleting workers.

#include <catch2/catch.hpp>

#include "client.h"
#include "target.h"

namespace kube_suite {

using namespace jobscaler;

namespace {

ClientOptions in(const Namespace& space) {
  ClientOptions options;
  options.kubeconfig = target().kubeconfig();
  options.name_space = space.name();
  return options;
}

WorkerFacts ready_worker(Client& client) {
  client.start();
  client.create(1);
  return client.expect(1, "ready",
                       [](const auto& worker) { return worker.pod && worker.pod->ready; });
}

}  // namespace

TEST_CASE("a deleted worker takes its pod along") {
  const Namespace space;
  Client client(in(space));
  const auto worker = ready_worker(client);
  client.remove(worker);
  client.expect_gone(worker);
  eventually("the pod is gone",
             [&] { return target().get(space.pods(worker.pod->name)).status == 404; });
}

TEST_CASE("a worker of another uid is left alone") {
  const Namespace space;
  Client client(in(space));
  const auto worker = ready_worker(client);
  client.remove(worker.name, "00000000-0000-0000-0000-000000000000");
  // The next request of ours is answered after the deletion was.
  client.create(2);
  const auto there = target().get(space.jobs(worker.name));
  CHECK(there.status == 200);
  CHECK(there.text("metadata/uid") == worker.uid);
  CHECK(there.text("metadata/deletionTimestamp").empty());
  CHECK(target().get(space.pods(worker.pod->name)).status == 200);
}

TEST_CASE("a deletion that a finalizer holds up is told as deleting, and then as gone") {
  const Namespace space;
  Client client(in(space));
  const auto worker = ready_worker(client);
  REQUIRE(target()
              .merge(space.jobs(worker.name),
                     R"({"metadata": {"finalizers": ["jobscaler.test/hold"]}})")
              .status == 200);
  client.remove(worker);
  const auto held = client.expect(1, "deleting", [](const auto& facts) { return facts.deleting; });
  CHECK(held.uid == worker.uid);
  CHECK(held.outcome == WorkerFacts::Outcome::unfinished);
  const auto again = client.create(1);
  CHECK(again.kind == CreateOutcome::Kind::already_finished);
  REQUIRE(target().merge(space.jobs(worker.name), R"({"metadata": {"finalizers": null}})").status ==
          200);
  client.expect_gone(worker);
}

TEST_CASE("a worker that somebody else deletes is told as gone") {
  const Namespace space;
  Client client(in(space));
  const auto worker = ready_worker(client);
  REQUIRE(target().remove(space.jobs(worker.name), kBackground).status == 200);
  client.expect_gone(worker);
}

}  // namespace kube_suite
