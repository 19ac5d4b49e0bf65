#include "kube/creator.h"

#include <cpprest/json.h>
#include <fmt/format.h>

#include <algorithm>

#include "kube/facts.h"
#include "kube/json.h"
#include "kube/names.h"

namespace jobscaler::kube {
namespace {

using Kind = CreateOutcome::Kind;

bool is_ours(const Json& job, const std::string& instance, const action::StartWorker& start) {
  const auto label = [&](const char* name) { return text(job, {"metadata", "labels", name}); };
  return label(kManagedByLabel) == kManagedBy && label(kInstanceLabel) == instance &&
         label(kScalerLabel) == start.scaler && label(kNumberLabel) == std::to_string(start.number);
}

}  // namespace

Creator::Creator(Session& session, const std::vector<NodeGroupConfig>& node_groups,
                 const std::vector<ScalerConfig>& scalers)
    : session_(session) {
  reconfigure(node_groups, scalers);
}

void Creator::reconfigure(const std::vector<NodeGroupConfig>& node_groups,
                          const std::vector<ScalerConfig>& scalers) {
  templates_.clear();
  for (const auto& scaler : scalers) {
    for (const auto& group : node_groups) {
      if (std::ranges::find(scaler.spec.node_groups, group.spec.name) ==
          scaler.spec.node_groups.end()) {
        continue;
      }
      templates_.emplace(std::pair(scaler.spec.name, group.spec.name),
                         JobTemplate::prepare(scaler, group, session_.instance));
    }
  }
}

void Creator::start(const action::StartWorker& start) {
  auto creation = std::make_shared<Creation>();
  creation->start = start;
  const auto found = templates_.find({start.scaler, start.node_group});
  if (found == templates_.end()) {
    return settle(creation,
                  {Kind::refused, {}, "the scaler or its node group is not configured", {}});
  }
  const auto name_space = session_.api.name_space();
  if (!name_space.ok()) {
    return settle(creation, {Kind::refused, {}, name_space.error().message, {}});
  }
  const auto& job = found->second;
  if (!job.ok()) return settle(creation, {Kind::template_refused, {}, job.error().message, {}});
  creation->intent = {"create", "jobs.batch", *name_space};
  creation->path = jobs_path(*name_space, worker_name(start.scaler, start.number));
  post(creation, job->worker(start.number, start.backoff_level));
}

void Creator::post(const Ref& creation, std::string manifest) {
  http::Request request;
  request.method = "POST";
  request.path = jobs_path(creation->intent.name_space) + "?fieldValidation=Strict";
  request.body = std::move(manifest);
  request.send_before = session_.latest_sending(creation->start.decided_at);
  session_.api.send_async(std::move(request), [this, creation](Result<http::Response> answer) {
    posted(creation, answer);
  });
}

void Creator::posted(const Ref& creation, const Result<http::Response>& answer) {
  if (!answer.ok() && answer.error().kind == ErrorKind::cancelled) return too_old(creation);
  auto verdict = judge_create(answer, creation->intent);
  if (verdict.settled && verdict.outcome.kind == Kind::created) {
    if (settle_as_created(creation, answer->body)) return;
    verdict = {false, {Kind::not_created, {}, "the answer was not a Job", {}}};
  }
  if (verdict.settled) return settle(creation, verdict.outcome);
  creation->absent = verdict.outcome;
  read_back(creation);
}

/// It was not sent. (Or we are stopping, and nobody hears this.)
void Creator::too_old(const Ref& creation) {
  const auto now = BootClock::now();
  if (now > session_.leadership.until(now)) {
    return settle(creation, {Kind::too_old, {}, "this daemon does not lead any more", {}});
  }
  const std::chrono::duration<double> age = now - creation->start.decided_at;
  settle(creation,
         {Kind::too_old, {}, fmt::format("the decision was {:.1f}s old", age.count()), {}});
}

void Creator::read_back(const Ref& creation) {
  http::Request request;
  request.path = creation->path;
  session_.api.send_async(std::move(request), [this, creation](Result<http::Response> answer) {
    was_read(creation, answer);
  });
}

void Creator::was_read(const Ref& creation, const Result<http::Response>& answer) {
  auto verdict = judge_read_back(answer, {"get", "jobs.batch", creation->intent.name_space});
  if (verdict.kind == ReadBackVerdict::Kind::absent) return settle(creation, creation->absent);
  if (verdict.kind == ReadBackVerdict::Kind::exists) {
    if (settle_as_existing(creation, answer->body)) return;
    verdict.words = "the API server's answer is not a Job";
  }
  read_again(creation, verdict);
}

/// For as long as it takes: a worker that may exist must not be forgotten.
void Creator::read_again(const Ref& creation, const ReadBackVerdict& verdict) {
  if (!std::exchange(creation->said_so, true)) {
    session_.note(
        Level::warn, creation->start.scaler,
        fmt::format("whether {} was created is not known yet: {}",
                    worker_name(creation->start.scaler, creation->start.number), verdict.words));
  }
  const auto wait = std::max(creation->backoff.next(), verdict.retry_after.value_or(Duration(0)));
  session_.timers.after(wait, [this, creation] { read_back(creation); });
}

bool Creator::settle_as_created(const Ref& creation, const std::string& body) {
  const auto json = parse_json(body);
  if (!json.ok()) return false;
  auto job = parse_job(*json);
  if (!job.ok()) return false;
  settle(creation, {Kind::created, {}, "", {}}, std::move(*job));
  return true;
}

bool Creator::settle_as_existing(const Ref& creation, const std::string& body) {
  const auto json = parse_json(body);
  if (!json.ok()) return false;
  const auto name = text(*json, {"metadata", "name"});
  if (name.empty()) return false;
  if (!is_ours(*json, session_.instance, creation->start)) {
    const auto words = fmt::format(
        "Job {} exists and was not created by this scaler of instance {}; delete it, or rename "
        "the scaler",
        name, session_.instance);
    settle(creation, {Kind::name_taken, {}, words, {}});
    return true;
  }
  auto job = parse_job(*json);
  if (!job.ok()) return false;
  const bool over = is_finished(*job) || job->deleting;
  settle(creation, {over ? Kind::already_finished : Kind::adopted, {}, "", {}}, std::move(*job));
  return true;
}

void Creator::settle(const Ref& creation, CreateOutcome outcome) {
  session_.outbox.post(Event(
      event::CreateAnswered{creation->start.scaler, creation->start.number, std::move(outcome)}));
}

void Creator::settle(const Ref& creation, CreateOutcome outcome, WorkerFacts job) {
  session_.workers.answer({creation->start.scaler, creation->start.number, std::move(outcome)},
                          std::move(job));
}

}  // namespace jobscaler::kube
