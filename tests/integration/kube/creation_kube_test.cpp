// What becomes of a creation that is not simply done, and of dry runs.

#include <fmt/format.h>

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

bool has_no_jobs(const Namespace& space) {
  return contains(target().get(space.jobs()).body, R"("items":[])");
}

}  // namespace

TEST_CASE("a worker that exists and is ours is adopted") {
  const Namespace space;
  Client client(in(space));
  client.start();
  const auto created = client.create(1);
  REQUIRE(created.kind == Kind::created);
  const auto again = client.create(1);
  CHECK(again.kind == Kind::adopted);
  REQUIRE(again.worker);
  CHECK(again.worker->uid == created.worker->uid);
  CHECK(again.worker->number == 1);
}

TEST_CASE("a worker that exists and is finished says so") {
  const Namespace space;
  auto options = in(space);
  options.annotations = R"({"fake/seconds": "1"})";
  Client client(options);
  client.start();
  const auto created = client.create(1);
  client.expect(1, "complete", [](const auto& worker) {
    return worker.outcome == WorkerFacts::Outcome::complete;
  });
  const auto again = client.create(1);
  CHECK(again.kind == Kind::already_finished);
  REQUIRE(again.worker);
  CHECK(again.worker->uid == created.worker->uid);
  CHECK(again.worker->outcome == WorkerFacts::Outcome::complete);
}

TEST_CASE("a name that somebody else's Job has is taken") {
  const Namespace space;
  JobText foreign;
  foreign.name = "orders-1";
  REQUIRE(target().post(space.jobs(), foreign.str()).status == 201);
  Client client(in(space));
  client.start();
  const auto outcome = client.create(1);
  CHECK(outcome.kind == Kind::name_taken);
  CHECK(outcome.words ==
        "Job orders-1 exists and was not created by this scaler of instance suite; delete it, or "
        "rename the scaler");
}

TEST_CASE("a decision that is too old is not sent") {
  const Namespace space;
  Client client(in(space));
  client.start();
  client.ask_for(1, BootClock::now() - std::chrono::seconds(3));
  const auto outcome = client.answer_for(1);
  CHECK(outcome.kind == Kind::too_old);
  CHECK(has_no_jobs(space));
}

TEST_CASE("a full quota of Jobs is told in the server's words, and taken up when there is room") {
  const Namespace space;
  space.set_quota("few", R"({"count/jobs.batch": "1"})");
  Client client(in(space));
  client.start();
  REQUIRE(client.create(1).kind == Kind::created);
  space.await_quota("few", R"("count/jobs.batch":"1")");
  const auto refused = client.create(2);
  CHECK(refused.kind == Kind::quota_exceeded);
  CHECK(
      refused.words ==
      R"(jobs.batch "orders-2" is forbidden: exceeded quota: few, requested: count/jobs.batch=1, )"
      "used: count/jobs.batch=1, limited: count/jobs.batch=1");
  space.remove_quota("few");
  eventually("the quota is gone", [&] { return client.create(2).kind == Kind::created; });
}

TEST_CASE("a full quota of pods is told by the Job's event") {
  const Namespace space;
  space.set_quota("none", R"({"pods": "0"})");
  Client client(in(space));
  client.start();
  REQUIRE(client.create(1).kind == Kind::created);
  const auto told = client.expect(
      1, "FailedCreate", [](const auto& worker) { return worker.event_reason == "FailedCreate"; });
  CHECK_FALSE(told.pod);
  CHECK(
      contains(told.event_words, "job-controller: FailedCreate Error creating: pods \"orders-1-"));
  CHECK(contains(told.event_words, "exceeded quota: none, requested: pods=1"));
}

TEST_CASE("a quota that wants what the template does not say is told by the Job's event") {
  const Namespace space;
  space.set_quota("cpu", R"({"limits.cpu": "1"})");
  Client client(in(space));
  client.start();
  REQUIRE(client.create(1).kind == Kind::created);
  const auto told = client.expect(
      1, "FailedCreate", [](const auto& worker) { return worker.event_reason == "FailedCreate"; });
  CHECK(contains(told.event_words, "failed quota: cpu: must specify limits.cpu"));
}

TEST_CASE("a template with a wrong type is refused, in a dry run and in earnest") {
  const Namespace space;
  auto options = in(space);
  options.extra_spec = R"("activeDeadlineSeconds": "soon",)";
  Client client(options);
  client.start();
  const auto refusal = client.template_refusal();
  CHECK(contains(refusal, R"(Job in version "v1" cannot be handled as a Job: )"));
  const auto outcome = client.create(1);
  CHECK(outcome.kind == Kind::template_refused);
  CHECK(contains(outcome.words, R"(Job in version "v1" cannot be handled as a Job: )"));
  CHECK(has_no_jobs(space));
}

TEST_CASE("a template that lacks what is required is refused with the field's name") {
  const Namespace space;
  auto options = in(space);
  options.container = R"({"name": "Main_Container"})";
  Client client(options);
  client.start();
  for (const auto& words : {client.template_refusal(), client.create(1).words}) {
    CHECK(contains(words, "spec.template.spec.containers[0].image: Required value"));
    CHECK(contains(words,
                   "spec.template.spec.containers[0].name: Invalid value: \"Main_Container\""));
  }
  CHECK(client.create(1).kind == Kind::template_refused);
  CHECK(has_no_jobs(space));
}

TEST_CASE("a template with a field that does not exist is refused with the field's name") {
  if (!needs(25, "fieldValidation=Strict")) return;
  const Namespace space;
  auto options = in(space);
  options.container = R"({"name": "main", "image": "x", "imagePullPolicie": "Never"})";
  Client client(options);
  client.start();
  const auto field = R"(unknown field "spec.template.spec.containers[0].imagePullPolicie")";
  CHECK(contains(client.template_refusal(), field));
  const auto outcome = client.create(1);
  CHECK(outcome.kind == Kind::template_refused);
  CHECK(contains(outcome.words, field));
  CHECK(has_no_jobs(space));
}

TEST_CASE("a good template passes its dry run, which creates nothing") {
  const Namespace space;
  Client client(in(space));
  client.start();
  CHECK(client.template_refusal().empty());
  CHECK(has_no_jobs(space));
  const auto from = client.recorder().count();
  client.cluster().check_template({"orders"});
  const auto again = client.recorder().expect<event::TemplateChecked>(
      "the second check", [](const auto&) { return true; }, from);
  CHECK(again.refusal.empty());
  CHECK(has_no_jobs(space));
}

TEST_CASE("a full quota does not make a good template a bad one") {
  const Namespace space;
  space.set_quota("none", R"({"count/jobs.batch": "0"})");
  Client client(in(space));
  client.start();
  CHECK(client.template_refusal().empty());
  client.recorder().expect_note("exceeded quota: none");
}

TEST_CASE("a namespace that does not exist is said") {
  const Namespace space;
  auto options = in(space);
  options.name_space = space.name() + "-not";
  Client client(options);
  client.cluster().start();
  client.recorder().expect_note(fmt::format(
      "namespace {} does not exist; create it, or set kubernetes.namespace", options.name_space));
}

}  // namespace kube_suite
