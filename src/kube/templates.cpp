#include "kube/templates.h"

#include <fmt/format.h>

#include "kube/manifest.h"
#include "kube/names.h"
#include "kube/verdict.h"

namespace jobscaler::kube {

http::Request dry_run_request(const std::string& name_space, std::string manifest) {
  http::Request request;
  request.method = "POST";
  request.path = jobs_path(name_space) + "?dryRun=All&fieldValidation=Strict";
  request.body = std::move(manifest);
  return request;
}

Templates::Templates(Session& session, const std::vector<NodeGroupConfig>& node_groups,
                     const std::vector<ScalerConfig>& scalers)
    : session_(session) {
  for (const auto& group : node_groups) node_groups_[group.spec.name] = group;
  for (const auto& scaler : scalers) scalers_[scaler.spec.name] = scaler;
}

void Templates::check_all() {
  for (const auto& [name, scaler] : scalers_) check(name);
}

void Templates::check(const std::string& scaler) {
  {
    const std::lock_guard lock(mutex_);
    if (scalers_.count(scaler) == 0 || !running_.insert(scaler).second) return;
  }
  auto check = std::make_shared<Check>();
  check->scaler = scaler;
  ask(check);
}

void Templates::ask(const Ref& check) {
  const auto& scaler = scalers_.at(check->scaler);
  const auto& groups = scaler.spec.node_groups;
  if (check->next_group == groups.size()) return finish(check, "");
  const auto name_space = session_.api.name_space();
  if (!name_space.ok()) return ask_again(check, "", std::nullopt);
  const auto& group = node_groups_.at(groups[check->next_group]);
  const auto job = JobTemplate::prepare(scaler, group, session_.instance);
  if (!job.ok()) return finish(check, job.error().message);
  session_.api.send_async(
      dry_run_request(*name_space, job->dry_run()),
      [this, check, name_space = *name_space](const Result<http::Response>& answer) {
        answered(check, name_space, answer);
      });
}

void Templates::answered(const Ref& check, const std::string& name_space,
                         const Result<http::Response>& answer) {
  const auto verdict = judge_dry_run(answer, {"create", "jobs.batch", name_space});
  switch (verdict.kind) {
    case DryRunVerdict::Kind::refused:
      return finish(check, verdict.words);
    case DryRunVerdict::Kind::unknown:
      return ask_again(check, answer.ok() ? verdict.words : "", verdict.retry_after);
    case DryRunVerdict::Kind::accepted_with_warning:
      session_.note(
          Level::warn, check->scaler,
          "whether the API server takes the job template cannot be told: " + verdict.words);
      break;
    case DryRunVerdict::Kind::accepted:
      break;
  }
  ++check->next_group;
  ask(check);
}

/// Empty `words`: nobody answers, which the watches tell, too.
void Templates::ask_again(const Ref& check, const std::string& words,
                          std::optional<Duration> wish) {
  if (!words.empty() && !std::exchange(check->said_so, true)) {
    session_.note(Level::warn, check->scaler,
                  "the job template cannot be checked yet, retrying: " + words);
  }
  const auto wait = std::max(check->backoff.next(), wish.value_or(Duration(0)));
  session_.timers.after(wait, [this, check] { ask(check); });
}

void Templates::finish(const Ref& check, const std::string& refusal) {
  {
    const std::lock_guard lock(mutex_);
    running_.erase(check->scaler);
  }
  session_.outbox.post(Event(event::TemplateChecked{check->scaler, refusal}));
}

}  // namespace jobscaler::kube
