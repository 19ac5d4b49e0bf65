// What the API server itself answers: the same from kubesim as from a real one. Checked past the
// client, since it is what the client's tests against kubesim rest on.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>

#include "client.h"
#include "target.h"

namespace kube_suite {

namespace {

/// One refused Job: what is wrong with it, and what the server says.
struct Refusal {
  std::string what;
  JobText job;
  int status;
  std::string message;  ///< of a 422 without the beginning 'Job.batch "job" is invalid: '
};

JobText with_spec(const std::string& members) {
  JobText job;
  job.extra_spec = members + ",";
  return job;
}

JobText with_meta(const std::string& members) {
  JobText job;
  job.extra_meta = members + ",";
  return job;
}

JobText with_container(const std::string& container) {
  JobText job;
  job.container = container;
  return job;
}

const std::string kAt = "spec.template.spec.containers[0]";
const std::string kLabelWords =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
    "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

std::vector<Refusal> refusals() {
  return {
      {"no container", with_container(""), 422, "spec.template.spec.containers: Required value"},
      {"no image", with_container(R"({"name": "main"})"), 422, kAt + ".image: Required value"},
      {"no container name", with_container(R"({"image": "x"})"), 422,
       kAt + ".name: Required value"},
      {"two containers of one name",
       with_container(R"({"name": "a", "image": "x"}, {"name": "a", "image": "x"})"), 422,
       "spec.template.spec.containers[1].name: Duplicate value: \"a\""},
      {"a pull policy",
       with_container(R"({"name": "a", "image": "x", "imagePullPolicy": "Maybe"})"), 422,
       kAt +
           R"(.imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never")"},
      {"a negative amount",
       with_container(R"({"name": "a", "image": "x", "resources": {"requests": {"cpu": "-1"}}})"),
       422,
       kAt +
           R"(.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0)"},
      {"more requested than allowed",
       with_container(
           R"({"name": "a", "image": "x", "resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}})"),
       422,
       kAt + R"(.resources.requests: Invalid value: "2": must be less than or equal to cpu limit)"},
      {"a variable without a name",
       with_container(R"({"name": "a", "image": "x", "env": [{"value": "5"}]})"), 422,
       kAt + ".env[0].name: Required value"},
      {"a mount of nothing",
       with_container(
           R"({"name": "a", "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/v"}]})"),
       422, kAt + R"(.volumeMounts[0].name: Not found: "v")"},
      {"a negative limit", with_spec(R"("backoffLimit": -1)"), 422,
       "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"},
      {"two negative numbers", with_spec(R"("parallelism": -1, "completions": -2)"), 422,
       "[spec.parallelism: Invalid value: -1: must be greater than or equal to 0, "
       "spec.completions: Invalid value: -2: must be greater than or equal to 0]"},
      {"a label's value", with_meta(R"("labels": {"x": "a value!"})"), 422,
       R"(metadata.labels: Invalid value: "a value!": )" + kLabelWords},
      {"a label that is too long",
       with_meta(R"("labels": {"x": ")" + std::string(64, 'v') + R"("})"), 422,
       R"(metadata.labels: Invalid value: ")" + std::string(64, 'v') +
           R"(": must be no more than 63 characters)"},
      {"a finalizer", with_meta(R"("finalizers": ["hold"])"), 422,
       R"(metadata.finalizers[0]: Invalid value: "hold": name is neither a standard finalizer name nor is it fully qualified)"},
      {"a number that is a text", with_spec(R"("backoffLimit": "three")"), 400, "backofflimit"},
      {"a text that is a number", with_container(R"({"name": "a", "image": 5})"), 400, "image"},
      {"a list that is a text", with_container(R"({"name": "a", "image": "x", "command": "true"})"),
       400, "command"},
      {"a whole number that is not", with_spec(R"("completions": 1.5)"), 400, "completions"},
      {"an annotation that is a bool", with_meta(R"("annotations": {"a": true})"), 400,
       "annotations"},
      {"an amount that is none",
       with_container(R"({"name": "a", "image": "x", "resources": {"limits": {"cpu": "lots"}}})"),
       400, "quantities must match the regular expression"},
  };
}

std::string lower(std::string text) {
  for (auto& letter : text) letter = static_cast<char>(std::tolower(letter));
  return text;
}

}  // namespace

TEST_CASE("a Job that is not valid is refused with the server's words") {
  const Namespace space;
  for (const auto& refusal : refusals()) {
    INFO(refusal.what);
    for (const std::string query : {"", "?dryRun=All"}) {
      const auto answer = target().post(space.jobs() + query, refusal.job.str());
      REQUIRE(answer.status == refusal.status);
      CHECK(answer.text("kind") == "Status");
      CHECK(answer.text("status") == "Failure");
      if (refusal.status == 422) {
        CHECK(answer.text("reason") == "Invalid");
        CHECK(answer.text("message") == "Job.batch \"job\" is invalid: " + refusal.message);
        CHECK(answer.text("details/kind") == "Job");
        CHECK_FALSE(answer.text("details/causes/0/field").empty());
      } else {
        CHECK(answer.text("reason") == "BadRequest");
        CHECK(answer.text("message").rfind(R"(Job in version "v1" cannot be handled as a Job: )",
                                           0) == 0);
        CHECK(contains(lower(answer.text("message")), lower(refusal.message)));
      }
    }
  }
  CHECK(contains(target().get(space.jobs()).body, R"("items":[])"));
}

TEST_CASE("names of Jobs have their rules") {
  const Namespace space;
  JobText job;
  job.name = "Not_A_Name";
  const auto refused = target().post(space.jobs(), job.str());
  CHECK(refused.status == 422);
  CHECK(refused.text("details/causes/0/reason") == "FieldValueInvalid");
  CHECK(refused.text("details/causes/0/field") == "metadata.name");
  CHECK(contains(refused.text("message"), "a lowercase RFC 1123 subdomain must consist of"));
  job.name = std::string(64, 'a');
  CHECK(contains(target().post(space.jobs(), job.str()).text("message"),
                 "must be no more than 63 characters"));
}

TEST_CASE("a dry run answers with a name that was made up, and creates nothing") {
  const Namespace space;
  JobText job;
  job.extra_meta = R"("generateName": "made-up-",)";
  auto text = job.str();
  text.replace(text.find(R"("name": "job")"), 13, R"("labels": {})");
  const auto answer = target().post(space.jobs() + "?dryRun=All", text);
  CHECK(answer.status == 201);
  CHECK(answer.text("metadata/name").size() == std::string("made-up-12345").size());
  CHECK(answer.text("metadata/resourceVersion").empty());
  CHECK(contains(target().get(space.jobs()).body, R"("items":[])"));
}

TEST_CASE("a created Job comes back with what the server fills in") {
  const Namespace space;
  const auto answer = target().post(space.jobs(), JobText().str());
  REQUIRE(answer.status == 201);
  const std::map<std::string, std::string> expected = {
      {"kind", "Job"},
      {"apiVersion", "batch/v1"},
      {"metadata/namespace", space.name()},
      {"spec/parallelism", "1"},
      {"spec/completions", "1"},
      {"spec/backoffLimit", "6"},
      {"spec/template/metadata/creationTimestamp", "null"},
      {"spec/template/metadata/labels/job-name", "job"},
      {"spec/template/metadata/labels/controller-uid", answer.text("metadata/uid")},
      {"spec/template/spec/containers/0/imagePullPolicy", "Always"},
      {"spec/template/spec/containers/0/resources", "{}"},
      {"spec/template/spec/containers/0/terminationMessagePath", "/dev/termination-log"},
      {"spec/template/spec/dnsPolicy", "ClusterFirst"},
      {"spec/template/spec/terminationGracePeriodSeconds", "30"},
      {"status", "{}"},
  };
  for (const auto& [path, value] : expected) {
    INFO(path);
    CHECK(answer.text(path) == value);
  }
}

TEST_CASE("a name that exists is a conflict, in a dry run, too") {
  const Namespace space;
  REQUIRE(target().post(space.jobs(), JobText().str()).status == 201);
  for (const std::string query : {"", "?dryRun=All"}) {
    const auto again = target().post(space.jobs() + query, JobText().str());
    CHECK(again.status == 409);
    CHECK(again.text("reason") == "AlreadyExists");
    CHECK(again.text("message") == R"(jobs.batch "job" already exists)");
    CHECK(again.text("details/kind") == "jobs");
    CHECK(again.text("details/group") == "batch");
  }
}

TEST_CASE("a full quota is said before a name that exists") {
  const Namespace space;
  space.set_quota("one", R"({"count/jobs.batch": "1"})");
  REQUIRE(target().post(space.jobs(), JobText().str()).status == 201);
  // The server may count a moment later than it creates.
  Answer again;
  eventually("the quota is full", [&] {
    again = target().post(space.jobs(), JobText().str());
    CHECK((again.status == 403 || again.status == 409));
    return again.status == 403;
  });
  CHECK(again.text("reason") == "Forbidden");
  CHECK(again.text("message") ==
        R"(jobs.batch "job" is forbidden: exceeded quota: one, requested: count/jobs.batch=1, )"
        "used: count/jobs.batch=1, limited: count/jobs.batch=1");
}

TEST_CASE("what is not there is 404 with its kind") {
  const Namespace space;
  const std::map<std::string, std::string> expected = {
      {space.jobs("none"), R"(jobs.batch "none" not found)"},
      {space.pods("none"), R"(pods "none" not found)"},
      {space.leases("none"), R"(leases.coordination.k8s.io "none" not found)"},
      {"/api/v1/namespaces/none-" + space.name(),
       "namespaces \"none-" + space.name() + "\" not found"},
  };
  for (const auto& [path, message] : expected) {
    const auto answer = target().get(path);
    CHECK(answer.status == 404);
    CHECK(answer.text("reason") == "NotFound");
    CHECK(answer.text("message") == message);
  }
  const auto nowhere =
      target().post("/apis/batch/v1/namespaces/none-" + space.name() + "/jobs", JobText().str());
  CHECK(nowhere.status == 404);
  CHECK(nowhere.text("details/kind") == "namespaces");
  const auto list = target().get("/apis/batch/v1/namespaces/none-" + space.name() + "/jobs");
  CHECK(list.status == 200);
  CHECK(list.text("kind") == "JobList");
}

TEST_CASE("bodies that are no Job are 400") {
  const Namespace space;
  for (const std::string body : {"{nonsense", "", "[]"}) {
    const auto answer = target().post(space.jobs(), body);
    CHECK(answer.status == 400);
    CHECK(answer.text("message").rfind(
              "the object provided is unrecognized (must be of type Job): couldn't get "
              "version/kind; json parse error: ",
              0) == 0);
  }
  auto text = JobText().str();
  text.replace(text.find("\"kind\": \"Job\""), 13, "\"kind\": \"Pod\"");
  CHECK(contains(target().post(space.jobs(), text).text("message"),
                 R"(Pod in version "v1" cannot be handled as a Job: no kind "Pod" is registered)"));
  const auto elsewhere =
      target().post(space.jobs(), with_meta(R"("namespace": "elsewhere")").str());
  CHECK(elsewhere.status == 400);
  CHECK(elsewhere.text("message") ==
        "the namespace of the provided object does not match the namespace sent on the request");
}

TEST_CASE("a Job's template cannot be changed, and its labels can") {
  const Namespace space;
  REQUIRE(target().post(space.jobs(), JobText().str()).status == 201);
  const auto refused = target().merge(
      space.jobs("job"), R"({"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}})");
  CHECK(refused.status == 422);
  CHECK(refused.text("details/causes/0/field") == "spec.template");
  CHECK(contains(refused.text("message"), "field is immutable"));
  const auto changed = target().merge(space.jobs("job"), R"({"metadata": {"labels": {"x": "y"}}})");
  CHECK(changed.status == 200);
  CHECK(changed.text("metadata/labels/x") == "y");
}

TEST_CASE("access reviews tell what a token may do") {
  const Namespace space;
  const auto bot = target().with_token(space.token_with(
      R"([{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list"]}])"));
  for (const auto& [verb, allowed] :
       std::map<std::string, std::string>{{"list", "true"}, {"create", "false"}}) {
    const auto body = fmt::format(
        R"({{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", )"
        R"("spec": {{"resourceAttributes": {{"namespace": "{}", "verb": "{}", "group": "batch", )"
        R"("resource": "jobs"}}}}}})",
        space.name(), verb);
    const auto answer = bot.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body);
    CHECK(answer.status == 201);
    CHECK(answer.text("status/allowed") == allowed);
  }
  const auto refused = bot.post(space.jobs(), JobText().str());
  CHECK(refused.status == 403);
  CHECK(
      refused.text("message") ==
      fmt::format(
          R"(jobs.batch is forbidden: User "system:serviceaccount:{0}:bot" cannot create resource )"
          R"("jobs" in API group "batch" in the namespace "{0}")",
          space.name()));
  const auto unknown = target().with_token("nonsense").get(space.jobs());
  CHECK(unknown.status == 401);
  CHECK(unknown.text("message") == "Unauthorized");
}

}  // namespace kube_suite
