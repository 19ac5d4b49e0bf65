#include <cpprest/json.h>
#include <fmt/format.h>

#include <charconv>
#include <map>

#include "kube/api.h"
#include "kube/cluster.h"
#include "kube/json.h"
#include "kube/manifest.h"
#include "kube/permissions.h"
#include "kube/status.h"
#include "kube/templates.h"
#include "kube/verdict.h"

namespace jobscaler::kube {
namespace {

using Status = CheckLine::Status;

constexpr int kStrictSince = 25;  // Kubernetes 1.25: fieldValidation on by default

/// "20+" -> 20; 0: not a number.
int leading_number(const std::string& text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

CheckLine describe_server(const Json& version, const std::string& where,
                          const std::string& name_space) {
  const auto found =
      fmt::format("{}, version {}, namespace {}", where, text(version, {"gitVersion"}), name_space);
  const auto minor = leading_number(text(version, {"minor"}));
  if (text(version, {"major"}) == "1" && minor > 0 && minor < kStrictSince) {
    return {Status::warn, "kubernetes",
            found +
                ": a server before 1.25 does not report unknown fields in a job template; "
                "check the spelling yourself"};
  }
  return {Status::ok, "kubernetes", found};
}

/// False: the rest cannot be checked.
bool check_server(Api& api, const std::string& name_space, std::vector<CheckLine>& lines) {
  http::Request request;
  request.path = "/version";
  const auto answer = api.send(std::move(request));
  if (!answer.ok()) {
    lines.push_back({Status::fail, "kubernetes", answer.error().message});
    return false;
  }
  const auto version = parse_json(answer->body);
  if (answer->status != 200 || !version.ok()) {
    lines.push_back({Status::fail, "kubernetes",
                     fmt::format("{}: {}", api.describe(), status_of(*answer).message)});
    return false;
  }
  lines.push_back(describe_server(*version, api.describe(), name_space));
  return true;
}

CheckLine line_of(const std::string& subject, const DryRunVerdict& verdict) {
  switch (verdict.kind) {
    case DryRunVerdict::Kind::accepted:
      return {Status::ok, subject, "accepted in a dry run"};
    case DryRunVerdict::Kind::accepted_with_warning:
      return {Status::warn, subject, "cannot be told: " + verdict.words};
    case DryRunVerdict::Kind::refused:
      return {Status::fail, subject, "refused by the API server: " + verdict.words};
    case DryRunVerdict::Kind::unknown:
      break;
  }
  return {Status::fail, subject, verdict.words};
}

CheckLine check_template(Api& api, const ScalerConfig& scaler, const NodeGroupConfig& group,
                         const std::string& instance, const std::string& name_space) {
  const auto subject =
      fmt::format("job template of {} in node group {}", scaler.spec.name, group.spec.name);
  const auto job = JobTemplate::prepare(scaler, group, instance);
  if (!job.ok()) return {Status::fail, subject, job.error().message};
  const auto answer = api.send(dry_run_request(name_space, job->dry_run()));
  return line_of(subject, judge_dry_run(answer, {"create", "jobs.batch", name_space}));
}

}  // namespace

std::vector<CheckLine> check(const KubernetesConfig& kubernetes,
                             const std::vector<NodeGroupConfig>& node_groups,
                             const std::vector<ScalerConfig>& scalers) {
  Api api(kubernetes);
  std::vector<CheckLine> lines;
  const auto name_space = api.name_space();
  if (!name_space.ok()) return {{Status::fail, "kubernetes", name_space.error().message}};
  if (!check_server(api, *name_space, lines)) return lines;
  for (const auto& permission : permissions()) {
    const auto answer = api.send(access_review(permission, *name_space));
    lines.push_back(judge_access(permission, *name_space, answer));
  }
  std::map<std::string, NodeGroupConfig> groups;
  for (const auto& group : node_groups) groups[group.spec.name] = group;
  for (const auto& scaler : scalers) {
    for (const auto& name : scaler.spec.node_groups) {
      lines.push_back(check_template(api, scaler, groups[name], kubernetes.instance, *name_space));
    }
  }
  return lines;
}

}  // namespace jobscaler::kube
