// What the API server does on deletions and on Leases: the same on kubesim as on a real one.

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "client.h"
#include "target.h"

namespace kube_suite {

namespace {

std::string uid_of_new_job(const Namespace& space) {
  const auto made = target().post(space.jobs(), JobText().str());
  REQUIRE(made.status == 201);
  return made.text("metadata/uid");
}

std::string pod_of(const Namespace& space, const std::string& job) {
  std::string name;
  eventually("the Job's pod", [&] {
    name = target()
               .get(space.pods() + "?labelSelector=job-name%3D" + job)
               .text("items/0/metadata/name");
    return !name.empty();
  });
  return name;
}

std::string options(const std::string& uid) {
  return fmt::format(R"({{"propagationPolicy": "Background", "preconditions": {{"uid": "{}"}}}})",
                     uid);
}

}  // namespace

TEST_CASE("a deletion with another uid is a conflict that names both") {
  const Namespace space;
  const auto uid = uid_of_new_job(space);
  const std::string other = "00000000-0000-0000-0000-000000000000";
  const auto refused = target().remove(space.jobs("job"), options(other));
  CHECK(refused.status == 409);
  CHECK(refused.text("reason") == "Conflict");
  CHECK(
      refused.text("message") ==
      fmt::format("Operation cannot be fulfilled on Job.batch \"job\": the UID in the precondition "
                  "({}) does not match the UID in record ({}). The object might have been deleted "
                  "and then recreated",
                  other, uid));
  CHECK(target().get(space.jobs("job")).status == 200);
}

TEST_CASE("a background deletion removes the Job at once, and then its pod") {
  const Namespace space;
  const auto uid = uid_of_new_job(space);
  const auto pod = pod_of(space, "job");
  const auto gone = target().remove(space.jobs("job"), options(uid));
  CHECK(gone.status == 200);
  CHECK(gone.text("kind") == "Status");
  CHECK(gone.text("status") == "Success");
  CHECK(gone.text("details/uid") == uid);
  CHECK(target().get(space.jobs("job")).status == 404);
  eventually("the pod is gone", [&] { return target().get(space.pods(pod)).status == 404; });
}

TEST_CASE("a deletion without options leaves the pod behind, without an owner") {
  const Namespace space;
  uid_of_new_job(space);
  const auto pod = pod_of(space, "job");
  const auto going = target().remove(space.jobs("job"));
  CHECK(going.status == 200);
  CHECK(going.text("metadata/finalizers/0") == "orphan");
  eventually("the Job is gone", [&] { return target().get(space.jobs("job")).status == 404; });
  const auto left = target().get(space.pods(pod));
  CHECK(left.status == 200);
  CHECK(left.text("metadata/ownerReferences").empty());
}

TEST_CASE("a finalizer keeps a deleted Job, its name and its pod") {
  const Namespace space;
  JobText job;
  job.extra_meta = R"("finalizers": ["jobscaler.test/hold"],)";
  REQUIRE(target().post(space.jobs(), job.str()).status == 201);
  const auto pod = pod_of(space, "job");
  const auto going = target().remove(space.jobs("job"), kBackground);
  CHECK(going.status == 200);
  CHECK_FALSE(going.text("metadata/deletionTimestamp").empty());
  const auto again = target().post(space.jobs(), JobText().str());
  CHECK(again.status == 409);
  CHECK(again.text("reason") == "AlreadyExists");
  CHECK(again.text("message") == "object is being deleted: jobs.batch \"job\" already exists");
  CHECK(target().get(space.pods(pod)).text("metadata/deletionTimestamp").empty());
  CHECK(target().merge(space.jobs("job"), R"({"metadata": {"finalizers": null}})").status == 200);
  CHECK(target().get(space.jobs("job")).status == 404);
}

TEST_CASE("a Job whose only pod is deleted goes on with another one, or fails since 1.26") {
  const Namespace space;
  JobText job;
  job.extra_spec = R"("backoffLimit": 0,)";
  REQUIRE(target().post(space.jobs(), job.str()).status == 201);
  const auto pod = pod_of(space, "job");
  REQUIRE(target().remove(space.pods(pod)).status == 200);
  if (target().minor() >= 26) {
    eventually("the Job has failed", [&] {
      return target().get(space.jobs("job")).text("status/conditions/0/reason") ==
             "BackoffLimitExceeded";
    });
  } else {
    eventually("another pod", [&] {
      const auto next = pod_of(space, "job");
      return next != pod;
    });
    CHECK(target().get(space.jobs("job")).text("status/conditions").empty());
  }
}

// ------------------------------------------------------------------------------------------ Leases

namespace {

std::string lease(const std::string& version, const std::string& spec) {
  return fmt::format(
      R"({{"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {{"name": "l"{}}}, "spec": {}}})",
      version.empty() ? "" : ", \"resourceVersion\": \"" + version + "\"", spec);
}

}  // namespace

TEST_CASE("a Lease is written only by who has read it last") {
  const Namespace space;
  const auto made = target().post(space.leases(), lease("", "{}"));
  REQUIRE(made.status == 201);
  const auto version = made.text("metadata/resourceVersion");
  const auto spec = R"({"holderIdentity": "me", "leaseDurationSeconds": 15, )"
                    R"("renewTime": "2026-01-02T03:04:05.000006Z", "leaseTransitions": 1})";
  const auto written = target().put(space.leases("l"), lease(version, spec));
  CHECK(written.status == 200);
  CHECK(written.text("spec/renewTime") == "2026-01-02T03:04:05.000006Z");
  CHECK(written.text("metadata/resourceVersion") != version);
  const auto late = target().put(space.leases("l"), lease(version, "{}"));
  CHECK(late.status == 409);
  CHECK(late.text("reason") == "Conflict");
  CHECK(late.text("message") ==
        "Operation cannot be fulfilled on leases.coordination.k8s.io \"l\": the object has been "
        "modified; please apply your changes to the latest version and try again");
  const auto blind = target().put(space.leases("l"), lease("", "{}"));
  CHECK(blind.status == 422);
  CHECK(contains(blind.text("message"),
                 "metadata.resourceVersion: Invalid value: 0x0: must be specified for an update"));
}

TEST_CASE("an update makes a Lease that is not there") {
  const Namespace space;
  CHECK(target().put(space.leases("l"), lease("", "{}")).status == 201);
}

TEST_CASE("a Lease's times have exactly six digits after the second") {
  const Namespace space;
  for (const std::string time : {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123Z"}) {
    const auto refused =
        target().post(space.leases(), lease("", R"({"renewTime": ")" + time + R"("})"));
    CHECK(refused.status == 400);
    CHECK(contains(refused.text("message"),
                   R"(as "2006-01-02T15:04:05.000000Z07:00": cannot parse)"));
  }
  const auto negative = target().post(space.leases(), lease("", R"({"leaseDurationSeconds": 0})"));
  CHECK(negative.status == 422);
  CHECK(contains(negative.text("message"),
                 "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"));
}

}  // namespace kube_suite
