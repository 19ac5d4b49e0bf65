#include <catch2/catch.hpp>
#include <thread>

#include "fake_api.h"
#include "kube/templates.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace jobscaler::test;

namespace {

constexpr auto kJobs = "/apis/batch/v1/namespaces/workers/jobs?dryRun=All&fieldValidation=Strict";

std::vector<NodeGroupConfig> two_groups() {
  auto groups = one_group();
  groups.push_back(groups[0]);
  groups[1].spec.name = "spot";
  return groups;
}

ScalerConfig scaler_in_both() {
  auto scaler = scaler_called("orders");
  scaler.spec.node_groups = {"pool", "spot"};
  return scaler;
}

struct Bench {
  ~Bench() { session.close(); }

  std::string refusal() {
    templates.check("orders");
    const auto checked = outbox.next<event::TemplateChecked>();
    REQUIRE(checked);
    CHECK(checked->scaler == "orders");
    return checked->refusal;
  }

  FakeApi api;
  RecordingOutbox outbox;
  Session session{api.config(), outbox};
  Templates templates{session, two_groups(), {scaler_in_both()}};
};

}  // namespace

TEST_CASE("a template is tried in every node group, without a name and without being created") {
  Bench bench;
  CHECK(bench.refusal().empty());
  const auto posts = bench.api.calls("POST", kJobs);
  REQUIRE(posts.size() == 2);
  const auto first = Json::parse(posts[0].body);
  CHECK(text(first, {"metadata", "generateName"}) == "orders-");
  CHECK(text(first, {"metadata", "labels", "jobscaler.io/node-group"}) == "pool");
  CHECK(text(Json::parse(posts[1].body), {"metadata", "labels", "jobscaler.io/node-group"}) ==
        "spot");
}

TEST_CASE("a template that is refused is refused in the API server's words") {
  Bench bench;
  bench.api.on("POST", kJobs,
               {reply(201, "{}"), status_reply(422, "Invalid", "image: Required value")});
  CHECK(bench.refusal() == "image: Required value");
}

TEST_CASE("a full quota says nothing about the template") {
  Bench bench;
  bench.api.on("POST", kJobs, {status_reply(403, "Forbidden", "exceeded quota: q")});
  CHECK(bench.refusal().empty());
  CHECK(bench.outbox.noted(
      "whether the API server takes the job template cannot be told: exceeded quota: q"));
}

TEST_CASE("a template is checked as soon as somebody answers") {
  Bench bench;
  bench.api.on("POST", kJobs, {drop(), status_reply(503, "", "starting"), reply(201, "{}")});
  CHECK(bench.refusal().empty());
  CHECK(bench.outbox.noted("the job template cannot be checked yet, retrying: "));
  CHECK(bench.outbox.notes().size() == 1);
}

TEST_CASE("a template that is no Job's spec is refused without asking") {
  FakeApi api;
  RecordingOutbox outbox;
  Session session(api.config(), outbox);
  auto scaler = scaler_called("orders");
  scaler.job_spec_json = "[]";
  Templates templates(session, one_group(), {scaler});
  templates.check_all();
  const auto checked = outbox.next<event::TemplateChecked>();
  REQUIRE(checked);
  CHECK(checked->refusal.rfind("scaler orders: its job is not a Job's spec", 0) == 0);
  CHECK(api.calls("POST", kJobs).empty());
}

TEST_CASE("a new template is checked at once though nobody has answered about the old one") {
  Bench bench;
  bench.api.on("POST", kJobs, {status_reply(503, "", "starting")});
  bench.templates.check("orders");
  while (bench.api.calls("POST", kJobs).empty()) std::this_thread::yield();
  auto scaler = scaler_in_both();
  scaler.job_spec_json = "[]";
  bench.templates.reconfigure(two_groups(), {scaler}, {"orders"});
  const auto checked = bench.outbox.next<event::TemplateChecked>();
  REQUIRE(checked);
  CHECK(checked->refusal.rfind("scaler orders: its job is not a Job's spec", 0) == 0);
}

TEST_CASE("templates that an edit leaves as they are are not checked again") {
  Bench bench;
  CHECK(bench.refusal().empty());
  auto other = scaler_called("clicks");
  other.spec.node_groups = {"pool"};
  bench.templates.reconfigure(two_groups(), {scaler_in_both(), other}, {"clicks"});
  const auto checked = bench.outbox.next<event::TemplateChecked>();
  REQUIRE(checked);
  CHECK(checked->scaler == "clicks");
  CHECK(bench.api.calls("POST", kJobs).size() == 3);
}
