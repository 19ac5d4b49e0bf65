#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/core.h"
#include "engine/news.h"
#include "engine/texts.h"

namespace jobscaler::engine {
namespace {

using Kind = CreateOutcome::Kind;

/// The facts of a created worker whose answer did not bring them.
WorkerFacts facts_of(const Scaler& scaler, const PendingCreate& pending, TimePoint now) {
  WorkerFacts facts;
  facts.name = pending.worker;
  facts.scaler = scaler.spec.name;
  facts.number = pending.number;
  facts.node_group = pending.node_group;
  facts.created = now;
  return facts;
}

/// In the order in which they finished, so that what they did is told in the order it happened.
std::vector<const WorkerFacts*> by_time(const std::vector<WorkerFacts>& workers) {
  std::vector<const WorkerFacts*> sorted;
  for (const WorkerFacts& facts : workers) sorted.push_back(&facts);
  const auto key = [](const WorkerFacts* f) {
    return std::tuple(f->finished.value_or(TimePoint::max()), f->number);
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](const WorkerFacts* a, const WorkerFacts* b) { return key(a) < key(b); });
  return sorted;
}

}  // namespace

void Core::on(const event::ReadingTaken& e, TimePoint) {
  Scaler* scaler = find(e.scaler);
  if (scaler == nullptr || !scaler->configured) return;
  scaler->dirty = true;
  if (!e.reading) {
    scaler->poller.answered(std::nullopt);
    scaler->queue.error = e.reading.error();
    return;
  }
  const Reading& reading = *e.reading;
  scaler->poller.answered(reading.taken_at);
  if (scaler->queue.reading && reading.taken_at < scaler->queue.reading->taken_at) return;
  scaler->queue = {reading, std::nullopt};
  if (reading.zero_unconfirmed) return;
  std::erase_if(scaler->quick_exits, [&](const QuickExit& quick) {
    if (reading.taken_at < quick.noticed_at) return false;
    const Ending::Kind kind = judge_quick_exit(quick.waiting_before, reading.waiting);
    scaler->history.reclassify(quick.uid, kind,
                               kind == Ending::Kind::idle
                                   ? "workers exit without taking messages: exit code 0 after less "
                                     "than 10s, and the backlog does not fall"
                                   : "");
    return true;
  });
}

void Core::on(const event::WorkersListed& e, TimePoint now) {
  view_.listed(std::min(e.asked_at, e.pods_asked_at.value_or(e.asked_at)));
  for (const WorkerFacts* facts : by_time(e.workers)) {
    absorb(find_or_add(facts->scaler, now), *facts, {Origin::Kind::list, e.asked_at}, now);
  }
  forget_missing(e, now);
  if (first_list_) {
    for (const auto& scaler : scalers_) scaler->tell_found = true;
  }
  first_list_ = false;
  all_dirty();
}

void Core::forget_missing(const event::WorkersListed& e, TimePoint now) {
  std::unordered_map<std::string, std::vector<const WorkerFacts*>> listed;
  for (const WorkerFacts& facts : e.workers) listed[facts.scaler].push_back(&facts);
  for (const auto& scaler : scalers_) {
    std::vector<std::pair<std::string, std::string>> missing;
    for (const auto* worker : scaler->workers.missing_from(listed[scaler->spec.name], e.asked_at)) {
      missing.emplace_back(worker->facts.name, worker->facts.uid);
    }
    for (const auto& [name, uid] : missing) {
      lost(*scaler, name, uid, {Origin::Kind::list, e.asked_at}, now);
    }
  }
}

void Core::on(const event::WorkerSeen& e, TimePoint now) {
  absorb(find_or_add(e.worker.scaler, now), e.worker, {Origin::Kind::watch}, now);
}

void Core::on(const event::WorkerGone& e, TimePoint now) {
  for (const auto& scaler : scalers_) {
    if (scaler->workers.knows(e.name)) lost(*scaler, e.name, e.uid, {Origin::Kind::watch}, now);
  }
}

void Core::on(const event::WatchChanged& e, TimePoint now) {
  if (e.up) {
    view_.watch_up(now);
  } else {
    view_.watch_down(e.since, one_line(e.words), now);
  }
  all_dirty();
}

/// Those of names that are not configured are kept, too: a scaler may get the name later.
void Core::on(const event::MarksLoaded& e, TimePoint now) {
  view_.marks_loaded();
  for (const auto& [name, mark] : e.marks) {
    Numbers& numbers = find_or_add(name, now).numbers;
    numbers.recorded = std::max(numbers.recorded, mark);
  }
  all_dirty();
}

void Core::on(const event::CreateAnswered& e, TimePoint now) {
  Scaler* scaler = find(e.scaler);
  if (scaler == nullptr) return;
  const CreateOutcome& outcome = e.outcome;
  const bool awaited = scaler->pending && scaler->pending->number == e.number;
  const bool exists = outcome.kind == Kind::created || outcome.kind == Kind::adopted;
  if (outcome.worker) {
    absorb(*scaler, *outcome.worker, {Origin::Kind::answer}, now);
  } else if (awaited && exists) {
    absorb(*scaler, facts_of(*scaler, *scaler->pending, now), {Origin::Kind::answer}, now);
  }
  if (!awaited) return;
  if (outcome.kind == Kind::adopted) {
    tell(*scaler, scaler->pending->worker, Level::info,
         scaler->pending->worker + " existed already and is taken over");
  } else if (outcome.kind == Kind::already_finished) {
    tell(*scaler, scaler->pending->worker, Level::info,
         scaler->pending->worker + " existed already and has ended: our view was old");
  }
  scaler->refusal = refusal_after(scaler->refusal, outcome, now);
  if (scaler->workers.knows(scaler->pending->worker)) scaler->refusal.reset();
  scaler->pending.reset();
  scaler->dirty = true;
}

void Core::on(const event::TemplateChecked& e, TimePoint now) {
  Scaler* scaler = find(e.scaler);
  if (scaler == nullptr) return;
  scaler->template_check.answered(e.refusal, now);
  if (e.refusal.empty() && scaler->refusal && scaler->refusal->reason == Reason::template_refused) {
    scaler->refusal.reset();
  }
  scaler->dirty = true;
}

void Core::on(const event::LeadershipChanged& e, TimePoint) {
  leader_ = e.leader;
  lease_holder_ = e.holder;
  if (leader_) view_.leads_since(e.since);
  all_dirty();
}

void Core::absorb(Scaler& scaler, const WorkerFacts& facts, const Origin& origin, TimePoint now) {
  const auto sighting = scaler.workers.see(facts, origin, scaler.spec, now);
  if (sighting.worker == nullptr) return;
  TrackedWorker& worker = *sighting.worker;
  scaler.dirty = true;
  scaler.numbers.known = std::max(scaler.numbers.known, facts.number);
  scaler.last_served = std::max(scaler.last_served, std::min(facts.created, now));
  const bool asked_for = scaler.pending && scaler.pending->worker == facts.name;
  const bool was_there = origin.kind == Origin::Kind::answer && worker.finished();
  if (sighting.first && asked_for && !was_there) {
    worker.requested_at = scaler.pending->asked_at;
    worker.waiting_at_start = scaler.pending->waiting;
  }
  // What was ready or finished before we came is not news, and its dates are the cluster's.
  const bool news = !sighting.first || worker.requested_at.has_value();
  if (sighting.became_ready) became_ready(scaler, worker, news, now);
  if (sighting.became_finished) {
    became_finished(scaler, worker, news, now);
  } else if (worker.finished() && worker.facts.outcome == WorkerFacts::Outcome::failed) {
    scaler.history.note(ending_of(worker.facts));  // the pod's last words may come after the Job's
  }
  if (sighting.became_going && !worker.finished()) {
    tell(scaler, facts.name, Level::warn, facts.name + " is being deleted by someone");
    keep_mark(scaler, facts.number);
  }
}

void Core::became_ready(Scaler& scaler, TrackedWorker& worker, bool news, TimePoint now) {
  if (news) worker.ready_at = now;
  if (!scaler.last_ready || *worker.ready_at >= *scaler.last_ready) {
    scaler.last_ready = worker.ready_at;
    scaler.last_ready_worker = worker.facts.name;
  }
  if (!news) return;
  scaler.poller.need(now);
  if (!worker.finished()) {
    tell(scaler, worker.facts.name, Level::info, ready_news(worker, now));
  }
}

void Core::became_finished(Scaler& scaler, const TrackedWorker& worker, bool news, TimePoint now) {
  const Ending ending = ending_of(worker.facts);
  scaler.history.note(ending);
  keep_mark(scaler, worker.facts.number);
  if (exited_at_once(worker.facts) && worker.waiting_at_start) {
    scaler.quick_exits.push_back({worker.facts.uid, *worker.waiting_at_start, now});
  }
  if (!news) return;
  const bool well = worker.facts.outcome == WorkerFacts::Outcome::complete;
  tell(scaler, worker.facts.name, well ? Level::info : Level::warn,
       finished_news(worker, ending, now));
}

void Core::lost(Scaler& scaler, const std::string& name, const std::string& uid,
                const Origin& origin, TimePoint now) {
  const auto worker = scaler.workers.gone(name, uid, now);
  if (!worker) return;
  scaler.dirty = true;
  keep_mark(scaler, worker->facts.number);
  if (worker->finished()) return;
  if (worker->going) {
    tell(scaler, name, Level::info,
         name + (worker->going->asked_for ? " was deleted, as asked for" : " is gone"));
  } else if (origin.kind == Origin::Kind::list) {
    tell(scaler, name, Level::info,
         name + " is gone: it ended, or was deleted, while the watch was down");
  } else {
    tell(scaler, name, Level::warn,
         fmt::format("{} was deleted by someone while it was {}", name,
                     to_string(worker->verdict.phase)));
  }
}

void Core::keep_mark(Scaler& scaler, std::int64_t number) {
  // While a younger Job exists and is not finished, that Job is the mark.
  if (number < scaler.numbers.known || number <= scaler.numbers.recorded) return;
  scaler.numbers.recorded = number;
  actions_.push_back(action::RecordMark{scaler.spec.name, number});
}

}  // namespace jobscaler::engine
