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
  set(node_groups, scalers);
}

void Templates::set(const std::vector<NodeGroupConfig>& node_groups,
                    const std::vector<ScalerConfig>& scalers) {
  node_groups_.clear();
  scalers_.clear();
  for (const auto& group : node_groups) node_groups_[group.spec.name] = group;
  for (const auto& scaler : scalers) scalers_[scaler.spec.name] = scaler;
}

void Templates::check_all() {
  std::vector<std::string> names;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, scaler] : scalers_) names.push_back(name);
  }
  for (const auto& name : names) check(name);
}

void Templates::reconfigure(const std::vector<NodeGroupConfig>& node_groups,
                            const std::vector<ScalerConfig>& scalers,
                            const std::set<std::string>& changed) {
  {
    const std::lock_guard lock(mutex_);
    set(node_groups, scalers);
    std::erase_if(running_, [&](const auto& one) {
      return changed.contains(one.first) || !scalers_.contains(one.first);
    });
  }
  for (const auto& name : changed) check(name);
}

void Templates::check(const std::string& scaler) {
  if (const Ref check = begin(scaler)) ask(check);
}

/// Null: there is no such scaler, or a check of it is under way.
Templates::Ref Templates::begin(const std::string& scaler) {
  const std::lock_guard lock(mutex_);
  const auto config = scalers_.find(scaler);
  if (config == scalers_.end() || running_.contains(scaler)) return nullptr;
  auto check = std::make_shared<Check>();
  check->scaler = config->second;
  for (const auto& group : config->second.spec.node_groups) {
    check->groups.push_back(node_groups_.at(group));
  }
  return running_[scaler] = check;
}

bool Templates::is_current(const Ref& check) {
  const std::lock_guard lock(mutex_);
  const auto running = running_.find(check->scaler.spec.name);
  return running != running_.end() && running->second == check;
}

void Templates::ask(const Ref& check) {
  if (!is_current(check)) return;
  if (check->next_group == check->groups.size()) return finish(check, "");
  const auto name_space = session_.api.name_space();
  if (!name_space.ok()) return ask_again(check, "", std::nullopt);
  const auto& group = check->groups[check->next_group];
  const auto job = JobTemplate::prepare(check->scaler, group, session_.instance);
  if (!job.ok()) return finish(check, job.error().message);
  session_.api.send_async(
      dry_run_request(*name_space, job->dry_run()),
      [this, check, name_space = *name_space](const Result<http::Response>& answer) {
        answered(check, name_space, answer);
      });
}

void Templates::answered(const Ref& check, const std::string& name_space,
                         const Result<http::Response>& answer) {
  if (!is_current(check)) return;
  const auto verdict = judge_dry_run(answer, {"create", "jobs.batch", name_space});
  switch (verdict.kind) {
    case DryRunVerdict::Kind::refused:
      return finish(check, verdict.words);
    case DryRunVerdict::Kind::unknown:
      return ask_again(check, answer.ok() ? verdict.words : "", verdict.retry_after);
    case DryRunVerdict::Kind::accepted_with_warning:
      session_.note(
          Level::warn, check->scaler.spec.name,
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
    session_.note(Level::warn, check->scaler.spec.name,
                  "the job template cannot be checked yet, retrying: " + words);
  }
  const auto wait = std::max(check->backoff.next(), wish.value_or(Duration(0)));
  session_.timers.after(wait, [this, check] { ask(check); });
}

/// Posted under the lock: what is told of a template is told before the next one is set.
void Templates::finish(const Ref& check, const std::string& refusal) {
  const std::string& name = check->scaler.spec.name;
  const std::lock_guard lock(mutex_);
  const auto running = running_.find(name);
  if (running == running_.end() || running->second != check) return;
  running_.erase(running);
  session_.outbox.post(Event(event::TemplateChecked{name, refusal}));
}

}  // namespace jobscaler::kube
