#include "kube/permissions.h"

#include <cpprest/json.h>
#include <fmt/format.h>

#include "kube/json.h"
#include "kube/status.h"

namespace jobscaler::kube {
namespace {

using Status = CheckLine::Status;

constexpr int kCreated = 201;
constexpr int kUnauthorized = 401;
constexpr int kOverloaded = 429;
constexpr int kServerError = 500;

constexpr Permission kPermissions[] = {
    {"create", "batch", "jobs"},
    {"get", "batch", "jobs"},
    {"list", "batch", "jobs"},
    {"watch", "batch", "jobs"},
    {"delete", "batch", "jobs"},
    {"list", "", "pods"},
    {"watch", "", "pods"},
    {"list", "", "events", false},
    {"get", "coordination.k8s.io", "leases"},
    {"create", "coordination.k8s.io", "leases"},
    {"update", "coordination.k8s.io", "leases"},
};

std::string full_name(const Permission& permission) {
  const std::string group = permission.group;
  return group.empty() ? permission.resource : permission.resource + ("." + group);
}

/// Whether the server knows us and has looked at the request. If not, the watches tell it.
bool is_answer(const Result<http::Response>& answer) {
  return answer.ok() && answer->status != kUnauthorized && answer->status != kOverloaded &&
         answer->status < kServerError;
}

}  // namespace

std::span<const Permission> permissions() {
  return kPermissions;
}

http::Request access_review(const Permission& permission, const std::string& name_space) {
  auto review = Json::object();
  review["apiVersion"] = Json("authorization.k8s.io/v1");
  review["kind"] = Json("SelfSubjectAccessReview");
  auto& attributes = review["spec"]["resourceAttributes"];
  attributes["namespace"] = Json(name_space);
  attributes["verb"] = Json(permission.verb);
  attributes["group"] = Json(permission.group);
  attributes["resource"] = Json(permission.resource);
  http::Request request;
  request.method = "POST";
  request.path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
  request.body = review.serialize();
  return request;
}

CheckLine judge_access(const Permission& permission, const std::string& name_space,
                       const Result<http::Response>& answer) {
  const auto subject = fmt::format("permission {} {}", permission.verb, full_name(permission));
  if (!answer.ok()) return {Status::fail, subject, answer.error().message};
  const auto review = parse_json(answer->body);
  if (answer->status != kCreated || !review.ok()) {
    return {Status::warn, subject, "cannot be told: " + status_of(*answer).message};
  }
  if (is_true(*review, {"status", "allowed"})) return {Status::ok, subject, "granted"};
  const auto advice = fmt::format("not granted in namespace {}; add it to the Role", name_space);
  if (permission.needed) return {Status::fail, subject, advice};
  return {Status::warn, subject, advice + ", or the log cannot say why a worker is not ready"};
}

void PermissionCheck::ask(const Ref& progress) {
  if (progress->next == std::size(kPermissions)) return;
  const auto name_space = session_.api.name_space();
  if (!name_space.ok()) return ask_again(progress);
  session_.api.send_async(access_review(kPermissions[progress->next], *name_space),
                          [this, progress, name_space = *name_space](const auto& answer) {
                            answered(progress, name_space, answer);
                          });
}

void PermissionCheck::ask_again(const Ref& progress) {
  session_.timers.after(progress->backoff.next(), [this, progress] { ask(progress); });
}

void PermissionCheck::answered(const Ref& progress, const std::string& name_space,
                               const Result<http::Response>& answer) {
  if (!is_answer(answer)) return ask_again(progress);
  const auto line = judge_access(kPermissions[progress->next++], name_space, answer);
  if (line.status != Status::ok) {
    session_.note(line.status == Status::fail ? Level::error : Level::warn, "kubernetes",
                  line.subject + ": " + line.text);
  }
  // Nor would it tell about the others.
  if (answer->status == kCreated) ask(progress);
}

}  // namespace jobscaler::kube
