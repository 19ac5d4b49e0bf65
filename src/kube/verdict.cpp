#include "kube/verdict.h"

#include <fmt/format.h>

#include <string_view>

namespace jobscaler::kube {
namespace {

using Kind = CreateOutcome::Kind;

constexpr auto kSoon = std::chrono::seconds(1);

bool mentions(const ServerStatus& status, std::string_view part) {
  return status.message.find(part) != std::string::npos;
}

/// An admission webhook said no, whatever code it chose for that.
bool is_webhook_denial(const ServerStatus& status) {
  return mentions(status, "admission webhook");
}

/// A quota wants something that the template does not say.
bool is_quota_template_error(const ServerStatus& status) {
  return mentions(status, "failed quota") && mentions(status, "must specify");
}

/// The server's own words, with the fields they are about.
std::string words_of(const ServerStatus& status) {
  return status.causes.empty() ? status.message : status.causes;
}

CreateVerdict settled(Kind kind, std::string words, std::optional<Duration> retry_after = {}) {
  return {true, {kind, std::nullopt, std::move(words), retry_after}};
}

CreateVerdict unclear(Kind if_absent, std::string words, std::optional<Duration> retry_after = {}) {
  return {false, {if_absent, std::nullopt, std::move(words), retry_after}};
}

CreateVerdict judge_forbidden(const ServerStatus& status, const Intent& intent) {
  // Admission plugins answer 403, too; only RBAC's is about our rights.
  if (mentions(status, "cannot create resource")) {
    return settled(Kind::refused, explain(intent, status));
  }
  if (is_quota_template_error(status)) return unclear(Kind::template_refused, status.message);
  if (mentions(status, "exceeded quota")) return unclear(Kind::quota_exceeded, status.message);
  return unclear(Kind::refused, status.message, status.retry_after);
}

CreateVerdict judge_conflict(const ServerStatus& status) {
  if (status.reason == "AlreadyExists") {
    return unclear(Kind::not_created, "the name existed a moment ago and is gone");
  }
  // "Operation cannot be fulfilled on resourcequotas": two writers at once.
  return unclear(Kind::refused, status.message, status.retry_after.value_or(kSoon));
}

/// 400 and 422.
CreateVerdict judge_invalid(const ServerStatus& status) {
  if (is_webhook_denial(status)) return settled(Kind::refused, status.message, status.retry_after);
  return settled(Kind::template_refused, words_of(status));
}

/// A POST whose answer was lost on a reused connection is sent again by cpprestsdk: a refusal may
/// be the second's alone. Only one that says what is wrong with any POST like it is believed; what
/// became of the others is looked up.
CreateVerdict judge_status(const ServerStatus& status, const Intent& intent) {
  if (status.code == 401) return settled(Kind::refused, explain(intent, status));
  if (status.code == 400 || status.code == 422) return judge_invalid(status);
  if (status.code == 403) return judge_forbidden(status, intent);
  if (status.code == 409) return judge_conflict(status);
  if (is_missing_namespace(status)) return unclear(Kind::refused, explain(intent, status));
  return unclear(Kind::refused, explain(intent, status), status.retry_after);
}

}  // namespace

CreateVerdict judge_create(const Result<http::Response>& answer, const Intent& intent) {
  if (answer.ok()) {
    const bool success = answer->status >= 200 && answer->status < 300;
    return success ? settled(Kind::created, "") : judge_status(status_of(*answer), intent);
  }
  const auto& error = answer.error();
  // Credentials, URL or certificates that cannot be used: nothing was sent.
  const bool was_sent = error.kind == ErrorKind::unavailable || error.kind == ErrorKind::malformed;
  return was_sent ? unclear(Kind::not_created, error.message)
                  : settled(Kind::refused, error.message);
}

ReadBackVerdict judge_read_back(const Result<http::Response>& answer, const Intent& intent) {
  using Verdict = ReadBackVerdict::Kind;
  if (!answer.ok()) return {Verdict::unknown, answer.error().message, std::nullopt};
  if (answer->status == 200) return {Verdict::exists, "", std::nullopt};
  const auto status = status_of(*answer);
  if (answer->status == 404 && status.from_api_server) return {Verdict::absent, "", std::nullopt};
  return {Verdict::unknown, explain(intent, status), status.retry_after};
}

DryRunVerdict judge_dry_run(const Result<http::Response>& answer, const Intent& intent) {
  using Verdict = DryRunVerdict::Kind;
  if (answer.ok() && answer->status != 200 && answer->status != 201) {
    const auto status = status_of(*answer);
    if (mentions(status, "does not support dry run")) {
      return {Verdict::accepted_with_warning, status.message, std::nullopt};
    }
  }
  const auto verdict = judge_create(answer, intent);
  const auto& outcome = verdict.outcome;
  switch (outcome.kind) {
    case Kind::created:
      return {Verdict::accepted, "", std::nullopt};
    case Kind::quota_exceeded:
      return {Verdict::accepted_with_warning, outcome.words, std::nullopt};
    case Kind::template_refused:
      return {Verdict::refused, outcome.words, std::nullopt};
    default:
      return {Verdict::unknown, outcome.words, outcome.retry_after};
  }
}

}  // namespace jobscaler::kube
