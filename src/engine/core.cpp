#include "engine/core.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/texts.h"
#include "jobscaler/format.h"

namespace jobscaler::engine {
namespace {

/// A wake-up is never so close that a rounding error makes the loop spin.
constexpr Duration kShortestSleep = std::chrono::milliseconds(1);
/// With nothing to wait for, the engine is called once in a while all the same.
constexpr Duration kLongestSleep = std::chrono::hours(1);
/// Whoever polls is decided about at every reading; a paused scaler this often, so that the log can
/// show that it is alive.
constexpr Duration kHeartbeat = std::chrono::minutes(10);

}  // namespace

Core::Core(EngineSpec spec, TimePoint now)
    : groups_(std::move(spec.node_groups)), last_now_(now), wakeup_(now) {
  for (ScalerSpec& scaler_spec : spec.scalers) {
    Scaler& scaler = find_or_add(scaler_spec.name, now);
    configure(scaler, std::move(scaler_spec), now);
  }
}

Scaler* Core::find(const std::string& name) {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second;
}

Scaler& Core::find_or_add(const std::string& name, TimePoint now) {
  if (Scaler* known = find(name)) return *known;
  scalers_.push_back(std::make_unique<Scaler>(name, now));
  by_name_.emplace(name, scalers_.back().get());
  return *scalers_.back();
}

void Core::all_dirty() {
  for (const auto& scaler : scalers_) scaler->dirty = true;
}

void Core::tell(const Scaler& scaler, const std::string& worker, Level level, std::string text) {
  actions_.push_back(action::WorkerNews{scaler.spec.name, worker, level, std::move(text)});
}

void Core::apply(const Event& event, TimePoint now) {
  view_.tick(now, last_now_, wakeup_);
  last_now_ = now;
  std::visit([&](const auto& e) { on(e, now); }, event);
}

std::vector<Action> Core::step(TimePoint now) {
  view_.tick(now, last_now_, wakeup_);
  last_now_ = now;
  notice_view_change(now);
  for (const auto& scaler : scalers_) {
    if (now >= scaler->due) scaler->dirty = true;
    if (scaler->dirty) refresh(*scaler, now);
  }
  notice_group_changes();
  for (const Claim& claim : claims()) decide_for(*scalers_[claim.scaler], now);
  set_wakeup(now);
  return std::exchange(actions_, {});
}

void Core::notice_view_change(TimePoint now) {
  if (now >= view_changes_at_) all_dirty();
  view_changes_at_ = view_.changes_at(now);
}

void Core::notice_group_changes() {
  for (const auto& scaler : scalers_) {
    if (!scaler->on_groups) continue;
    const bool changed = std::any_of(scaler->groups.begin(), scaler->groups.end(),
                                     [&](std::size_t i) { return groups_[i].changed; });
    if (changed) scaler->dirty = true;
  }
  for (NodeGroup& group : groups_) {
    group.changed = false;
    group.holder_words.reset();
  }
}

std::vector<Claim> Core::claims() const {
  std::vector<Claim> claims;
  for (std::size_t i = 0; i < scalers_.size(); ++i) {
    const Scaler& scaler = *scalers_[i];
    if (!scaler.dirty) continue;
    claims.push_back({i, scaler.last_served,
                      scaler.queue.reading ? scaler.queue.reading->waiting : 0,
                      scaler.spec.messages_above.value_or(0)});
  }
  std::sort(claims.begin(), claims.end(), goes_before);
  return claims;
}

void Core::decide_for(Scaler& scaler, TimePoint now) {
  scaler.dirty = false;
  if (!scaler.configured) {
    schedule(scaler, Verdict{}, now);
    return;
  }
  const Verdict verdict = decide(situation_of(scaler, now));
  scaler.on_groups = verdict.on_groups;
  if (verdict.read_at) scaler.poller.need(*verdict.read_at);

  Decision decision;
  decision.scaler = scaler.spec.name;
  decision.reason = verdict.reason;
  decision.text = verdict.text;
  decision.observe = scaler.spec.mode == ScalerSpec::Mode::observe;
  decision.max_workers = scaler.spec.max_workers;
  decision.reading = scaler.queue.reading;
  decision.at = now;
  if (verdict.group) {
    start(scaler, decision, groups_[scaler.groups[*verdict.group]].spec.name, now);
  } else {
    decision.workers = scaler.tally.counts;
    actions_.push_back(action::Decided{std::move(decision)});
  }
  schedule(scaler, verdict, now);
}

Situation Core::situation_of(const Scaler& scaler, TimePoint now) {
  Situation situation{
      .spec = scaler.spec, .now = now, .queue = scaler.queue, .backoff = scaler.history.backoff()};
  situation.leader = leader_;
  situation.lease_holder = lease_holder_;
  situation.workers_unknown = view_.unknown(now);
  situation.counts = scaler.tally.counts;
  situation.unfed = unfed_workers(scaler);
  if (scaler.template_check.refused()) {
    situation.template_refusal = &scaler.template_check.refusal();
  }
  if (scaler.refusal) situation.refusal = &*scaler.refusal;
  if (scaler.pending) {
    situation.unanswered = scaler.pending->worker;
    situation.unanswered_since = scaler.pending->asked_at;
  }
  for (const std::size_t group : scaler.groups) {
    situation.groups.push_back(group_view(scaler, group, now));
  }
  situation.effects = {scaler.last_ready, scaler.last_ready_worker, "", scaler.would_start};
  const TrackedWorker* coming = scaler.tally.oldest_coming;
  if (coming != nullptr && may_go_one_at_a_time(scaler.spec)) {
    situation.effects.unready_words = waiting_words(coming->facts, coming->verdict, now);
  }
  return situation;
}

GroupView Core::group_view(const Scaler& scaler, std::size_t group, TimePoint now) {
  const NodeGroup& load = groups_[group];
  GroupView view{&load.spec, load.unready, load.unfinished};
  const GroupShare* share = scaler.tally.share(group);
  if (share != nullptr && share->no_place != nullptr) {
    view.no_place = true;
    view.no_place_words = waiting_words(share->no_place->facts, share->no_place->verdict, now);
  }
  if (view.full()) view.holder_words = holder_words(group, now);
  return view;
}

const std::string& Core::holder_words(std::size_t group, TimePoint now) {
  auto& words = groups_[group].holder_words;
  if (words) return *words;
  const TrackedWorker* oldest = nullptr;
  const PendingCreate* asked_for = nullptr;
  for (const Scaler* scaler : groups_[group].users) {
    const GroupShare* share = scaler->tally.share(group);
    if (share->unready == 0) continue;
    if (share->oldest == nullptr) {
      asked_for = &*scaler->pending;
    } else if (oldest == nullptr || share->oldest->facts.created < oldest->facts.created) {
      oldest = share->oldest;
    }
  }
  if (oldest != nullptr) {
    words = waiting_words(oldest->facts, oldest->verdict, now);
  } else {
    words = fmt::format("{} requested {}", asked_for->worker,
                        format_duration(now - asked_for->asked_at));
  }
  return *words;
}

void Core::start(Scaler& scaler, Decision& decision, const std::string& group, TimePoint now) {
  const std::int64_t number = scaler.numbers.next();
  decision.start = true;
  decision.worker = worker_name(scaler.spec.name, number);
  scaler.last_served = now;
  if (decision.observe) {
    scaler.would_start = now;
    decision.workers = scaler.tally.counts;
    ++decision.workers.requested;
  } else {
    // What `min` wants needs no reading: the one there is may be old, and judges nobody.
    std::optional<std::int64_t> waiting;
    if (decision.reason != Reason::below_min) waiting = scaler.queue.reading->waiting;
    scaler.pending = PendingCreate{number, decision.worker, group, now, waiting};
    recount(scaler, now);
    decision.workers = scaler.tally.counts;
  }
  decision.text += fmt::format(
      " -> {} {} ({} of {}{}{})", decision.observe ? "would start" : "start", decision.worker,
      decision.workers.unfinished(), decision.max_workers,
      scaler.groups.size() > 1 ? ", node group " : "", scaler.groups.size() > 1 ? group : "");
  const bool observe = decision.observe;
  actions_.push_back(action::Decided{std::move(decision)});
  if (!observe) {
    actions_.push_back(
        action::StartWorker{scaler.spec.name, number, group, now, scaler.history.backoff().level});
  }
}

void Core::schedule(Scaler& scaler, const Verdict& verdict, TimePoint now) {
  const TimePoint tended = tend_workers(scaler, now);
  tend_queue(scaler, now);
  tend_template(scaler, now);
  scaler.due = std::min(verdict.revisit, tended);
  if (view_.sight(now) == now) scaler.due = std::min(scaler.due, scaler.tally.changes_at);
  if (scaler.polls()) {
    scaler.due = std::min({scaler.due, scaler.poller.next(), scaler.template_check.next()});
  } else if (scaler.configured) {
    scaler.due = std::min(scaler.due, now + kHeartbeat);
  }
}

void Core::set_wakeup(TimePoint now) {
  TimePoint next = std::min(now + kLongestSleep, view_changes_at_);
  for (const auto& scaler : scalers_) next = std::min(next, scaler->due);
  wakeup_ = std::max(next, now + kShortestSleep);
}

}  // namespace jobscaler::engine
