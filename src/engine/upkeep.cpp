#include <fmt/format.h>

#include <algorithm>

#include "engine/core.h"
#include "engine/texts.h"
#include "jobscaler/format.h"

namespace jobscaler::engine {
namespace {

/// A deletion that hangs (a finalizer) is asked for again, and said again, this often.
constexpr Duration kRemind = std::chrono::minutes(1);

void book(NodeGroup& group, const GroupShare& before, const GroupShare& after) {
  group.unready += after.unready - before.unready;
  group.unfinished += after.unfinished - before.unfinished;
  group.holder_words.reset();
  if (!after.same_load(before)) group.changed = true;
}

}  // namespace

void Core::refresh(Scaler& scaler, TimePoint now) {
  const TimePoint sight = view_.sight(now);
  for (auto& [name, worker] : scaler.workers.unfinished()) look_at(scaler, worker, sight, now);
  recount(scaler, now);
  if (scaler.tell_found) tell_found(scaler);
}

void Core::look_at(Scaler& scaler, TrackedWorker& worker, TimePoint sight, TimePoint now) {
  worker.verdict = phase_of(worker.facts, worker.memory, scaler.spec, sight);
  if (worker.verdict.phase == Phase::pending && worker.requested_at) {
    worker.verdict.since = *worker.requested_at;  // our clock is finer than the cluster's dates
  }
  const PhaseVerdict& verdict = worker.verdict;
  if (verdict.phase == Phase::stuck && verdict.cause != StuckCause::deleting) {
    if (!worker.memory.stuck) found_stuck(scaler, worker, now);
    // What it did out of sight is not known: it is kept anew.
    if (sight < now) worker.kept_since = now;
    return;
  }
  if (verdict.phase != Phase::stuck && worker.kept_since) {
    worker.kept_since.reset();
    worker.going.reset();
    scaler.history.forget(worker.facts.uid);
  }
  const bool unplaced = worker.facts.pod && !worker.facts.pod->unscheduled_reason.empty() &&
                        verdict.phase == Phase::pending;
  if (unplaced && !worker.told_unplaced) {
    worker.told_unplaced = true;
    tell(scaler, worker.facts.name, Level::info, waiting_words(worker.facts, verdict, now));
  }
}

/// It is kept from now on, and not from when it became stuck by its dates: found so late, after a
/// gap or a restart, it may only be that better news has not come yet.
void Core::found_stuck(Scaler& scaler, TrackedWorker& worker, TimePoint now) {
  const PhaseVerdict& verdict = worker.verdict;
  worker.memory.stuck = Stuck{verdict.cause, verdict.since};
  worker.kept_since = now;
  worker.going.reset();
  const std::string words = stuck_words(worker.facts, verdict.cause, scaler.spec);
  scaler.history.note({worker.facts.name, worker.facts.uid, worker.facts.created, verdict.since,
                       Ending::Kind::stuck, words, worker.facts.backoff_level,
                       worker.facts.number});
  tell(scaler, worker.facts.name, Level::warn,
       fmt::format("{} {}; kept {} to be looked at", worker.facts.name, words,
                   scaler.configured ? format_duration(scaler.spec.stuck_keep)
                                     : "for as long as its scaler is not configured,"));
}

void Core::recount(Scaler& scaler, TimePoint now) {
  Tally tally = tally_of(scaler, groups_, view_.sight(now), now);
  for (const auto& [index, share] : scaler.tally.shares) {
    const GroupShare* after = tally.share(index);
    book(groups_[index], share, after == nullptr ? GroupShare{} : *after);
    if (after == nullptr) std::erase(groups_[index].users, &scaler);
  }
  for (const auto& [index, share] : tally.shares) {
    if (scaler.tally.share(index) != nullptr) continue;
    book(groups_[index], GroupShare{}, share);
    groups_[index].users.push_back(&scaler);
  }
  scaler.tally = std::move(tally);
}

void Core::tell_found(Scaler& scaler) {
  scaler.tell_found = false;
  const WorkerCounts& counts = scaler.tally.counts;
  const std::size_t ended = scaler.workers.finished().size();
  if (counts.unfinished() == 0 && ended == 0) return;
  const std::string phases = phases_text(counts);
  tell(scaler, "", Level::info,
       fmt::format("found {}{}{}{}", workers(counts.unfinished()), phases.empty() ? "" : ": ",
                   phases, ended == 0 ? "" : fmt::format("; {} ended", ended)));
}

bool Core::may_act(const Scaler& scaler, TimePoint now) const {
  return scaler.configured && !scaler.spec.paused && scaler.spec.mode == ScalerSpec::Mode::scale &&
         leader_ && !view_.unknown(now);
}

TimePoint Core::tend_workers(Scaler& scaler, TimePoint now) {
  TimePoint next = TimePoint::max();
  const bool in_sight = view_.sight(now) == now;
  if (scaler.tally.counts.stuck == 0 || !in_sight || !may_act(scaler, now)) return next;
  for (auto& [name, worker] : scaler.workers.unfinished()) {
    if (worker.verdict.phase == Phase::stuck) {
      next = std::min(next, tend_stuck(scaler, worker, now));
    }
  }
  return next;
}

TimePoint Core::tend_stuck(Scaler& scaler, TrackedWorker& worker, TimePoint now) {
  if (worker.facts.deleting) return tend_going(scaler, worker, now);
  const TimePoint keep_until = *worker.kept_since + scaler.spec.stuck_keep;
  if (now < keep_until) return keep_until;
  return worker.going ? tend_going(scaler, worker, now) : remove(scaler, worker, now);
}

TimePoint Core::remove(Scaler& scaler, TrackedWorker& worker, TimePoint now) {
  worker.going = Going{now, true, now};
  keep_mark(scaler, worker.facts.number);
  actions_.push_back(
      action::DeleteWorker{scaler.spec.name, worker.facts.name, worker.facts.uid, now});
  tell(scaler, worker.facts.name, Level::info,
       fmt::format("{} is deleted: {}", worker.facts.name,
                   stuck_words(worker.facts, worker.verdict.cause, scaler.spec)));
  return now + kRemind;
}

TimePoint Core::tend_going(Scaler& scaler, TrackedWorker& worker, TimePoint now) {
  const TimePoint remind_at = worker.going->reminded_at + kRemind;
  if (now < remind_at) return remind_at;
  worker.going->reminded_at = now;
  tell(scaler, worker.facts.name, Level::warn,
       fmt::format("{} is still there {} after its deletion was asked for{}; it counts against max "
                   "until it is gone",
                   worker.facts.name, format_duration(now - worker.going->since),
                   worker.facts.deleting ? " (a finalizer holds it?)" : ""));
  if (!worker.facts.deleting) {
    actions_.push_back(
        action::DeleteWorker{scaler.spec.name, worker.facts.name, worker.facts.uid, now});
  }
  return now + kRemind;
}

void Core::tend_queue(Scaler& scaler, TimePoint now) {
  if (!scaler.polls() || now < scaler.poller.next()) return;
  scaler.poller.asked(now);
  actions_.push_back(action::ReadQueue{scaler.spec.name});
}

void Core::tend_template(Scaler& scaler, TimePoint now) {
  if (!scaler.polls() || now < scaler.template_check.next()) return;
  scaler.template_check.asked(now);
  actions_.push_back(action::CheckTemplate{scaler.spec.name});
}

}  // namespace jobscaler::engine
