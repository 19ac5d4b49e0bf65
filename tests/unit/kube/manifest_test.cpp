#include <catch2/catch.hpp>

#include "kube/manifest.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using test::json;

namespace {

ScalerConfig scaler_with(const std::string& spec) {
  ScalerConfig scaler;
  scaler.spec.name = "orders";
  scaler.job_spec_json = json(spec).serialize();
  return scaler;
}

NodeGroupConfig plain_group() {
  NodeGroupConfig group;
  group.spec.name = "default";
  return group;
}

NodeGroupConfig spot_group() {
  NodeGroupConfig group;
  group.spec.name = "spot";
  group.node_selector = {{"pool", "spot"}};
  group.tolerations_json = R"([{"key": "spot", "operator": "Exists"}])";
  return group;
}

JobTemplate prepared(const ScalerConfig& scaler, const NodeGroupConfig& group,
                     const std::string& instance) {
  const auto job = JobTemplate::prepare(scaler, group, instance);
  REQUIRE(job.ok());
  return *job;
}

void check_manifest(const std::string& manifest, const std::string& golden) {
  CHECK(Json::parse(manifest).serialize() == json(golden).serialize());
}

}  // namespace

TEST_CASE("the smallest spec becomes a Job with name, labels and defaults") {
  check_manifest(
      prepared(scaler_with("{'template': {'spec': {'containers': [{'name': 'w', 'image': 'i'}]}}}"),
               plain_group(), "blue")
          .worker(41),
      R"({'apiVersion': 'batch/v1', 'kind': 'Job',
          'metadata': {'name': 'orders-41', 'labels': {
            'app.kubernetes.io/managed-by': 'jobscaler', 'jobscaler.io/instance': 'blue',
            'jobscaler.io/node-group': 'default', 'jobscaler.io/number': '41',
            'jobscaler.io/scaler': 'orders'}},
          'spec': {'backoffLimit': 0, 'ttlSecondsAfterFinished': 600,
            'template': {
              'metadata': {
                'annotations': {'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false'},
                'labels': {
                  'app.kubernetes.io/managed-by': 'jobscaler', 'jobscaler.io/instance': 'blue',
                  'jobscaler.io/node-group': 'default', 'jobscaler.io/scaler': 'orders'}},
              'spec': {'containers': [{'image': 'i', 'name': 'w'}], 'restartPolicy': 'Never'}}}})");
}

TEST_CASE("what the user says stays, and the node group is merged into it") {
  check_manifest(prepared(scaler_with(
                              R"({'backoffLimit': 2, 'ttlSecondsAfterFinished': 9000,
          'activeDeadlineSeconds': 3600, 'template': {
            'metadata': {'labels': {'team': 'a', 'jobscaler.io/scaler': 'spoofed'}, 'annotations': {
              'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true', 'note': 'x'}},
            'spec': {'restartPolicy': 'OnFailure', 'nodeSelector': {'arch': 'arm64', 'pool': 'mine'},
              'tolerations': [{'key': 'a'}],
              'containers': [{'name': 'w', 'image': 'i', 'env': [{'name': 'E', 'value': '010'}]}]}}})"),
                          spot_group(), "jobscaler")
                     .worker(7),
                 R"({'apiVersion': 'batch/v1', 'kind': 'Job',
          'metadata': {'name': 'orders-7', 'labels': {
            'app.kubernetes.io/managed-by': 'jobscaler', 'jobscaler.io/instance': 'jobscaler',
            'jobscaler.io/node-group': 'spot', 'jobscaler.io/number': '7',
            'jobscaler.io/scaler': 'orders'}},
          'spec': {'activeDeadlineSeconds': 3600, 'backoffLimit': 2, 'ttlSecondsAfterFinished': 9000,
            'template': {
              'metadata': {
                'annotations': {
                  'cluster-autoscaler.kubernetes.io/safe-to-evict': 'true', 'note': 'x'},
                'labels': {
                  'app.kubernetes.io/managed-by': 'jobscaler', 'jobscaler.io/instance': 'jobscaler',
                  'jobscaler.io/node-group': 'spot', 'jobscaler.io/scaler': 'orders',
                  'team': 'a'}},
              'spec': {
                'containers': [{'env': [{'name': 'E', 'value': '010'}], 'image': 'i', 'name': 'w'}],
                'nodeSelector': {'arch': 'arm64', 'pool': 'spot'}, 'restartPolicy': 'OnFailure',
                'tolerations': [{'key': 'a'}, {'key': 'spot', 'operator': 'Exists'}]}}}})");
}

TEST_CASE("a backoff level is kept in the Job, where a restarted daemon finds it") {
  const auto spec = scaler_with("{'template': {'spec': {}}}");
  const auto job = Json::parse(prepared(spec, plain_group(), "x").worker(8, 7));
  CHECK(text(job, {"metadata", "annotations", "jobscaler.io/backoff-level"}) == "7");
}

TEST_CASE("a dry run has no number and lets the server make up the name") {
  const auto job =
      Json::parse(prepared(scaler_with("{'template': {'spec': {}}}"), spot_group(), "x").dry_run());
  CHECK(text(job, {"metadata", "generateName"}) == "orders-");
  CHECK(find(job, {"metadata", "name"}) == nullptr);
  CHECK(find(job, {"metadata", "labels", "jobscaler.io/number"}) == nullptr);
  CHECK(text(job, {"spec", "template", "spec", "nodeSelector", "pool"}) == "spot");
}

TEST_CASE("a spec in which the pod is missing is completed, for the API server to refuse it") {
  CHECK(JobTemplate::prepare(scaler_with("{}"), plain_group(), "x").ok());
  CHECK(JobTemplate::prepare(scaler_with("{'template': null}"), plain_group(), "x").ok());
}

TEST_CASE("a spec that is no object, or whose parts are none, is refused in words") {
  for (const auto* spec : {"[]", "'text'", "{'template': 'odd'}", "{'template': {'spec': []}}",
                           "{'template': {'metadata': {'labels': 7}}}"}) {
    const auto job = JobTemplate::prepare(scaler_with(spec), plain_group(), "x");
    INFO(spec);
    REQUIRE_FALSE(job.ok());
    CHECK(job.error().message.rfind("scaler orders: its job is not a Job's spec: ", 0) == 0);
  }
  auto broken = scaler_with("{}");
  broken.job_spec_json = "{";
  CHECK_FALSE(JobTemplate::prepare(broken, plain_group(), "x").ok());
}
