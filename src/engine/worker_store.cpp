#include "engine/worker_store.h"

#include <algorithm>
#include <unordered_set>

namespace jobscaler::engine {
namespace {

/// Events older than the last so many removals are not on their way any more.
constexpr std::size_t kGraves = 64;

/// What is known after an event about the same Job. Versions cannot be compared (resourceVersion is
/// opaque), but nothing that has finished or is going comes back.
WorkerFacts merged(const WorkerFacts& known, const WorkerFacts& seen) {
  const bool known_finished = known.outcome != WorkerFacts::Outcome::unfinished;
  if (known_finished && seen.outcome == WorkerFacts::Outcome::unfinished) return known;
  WorkerFacts facts = seen;
  facts.deleting = facts.deleting || known.deleting;
  return facts;
}

/// When a worker that was ready before we knew of it became so, as far as its dates tell.
TimePoint ready_before(const WorkerFacts& facts, TimePoint now) {
  TimePoint at = facts.finished.value_or(facts.created);
  if (facts.pod && facts.pod->ready) at = *facts.pod->ready;
  return std::min(at, now);
}

}  // namespace

WorkerStore::Sighting WorkerStore::see(const WorkerFacts& facts, const Origin& origin,
                                       const ScalerSpec& spec, TimePoint now) {
  if (is_ghost(facts, origin)) return {};
  TrackedWorker* known = find(facts.name);
  if (known == nullptr) return add(facts, spec, now);
  if (known->facts.uid == facts.uid || known->facts.uid.empty()) {
    const bool tells_an_end = facts.deleting || facts.outcome != WorkerFacts::Outcome::unfinished;
    if (origin.kind == Origin::Kind::answer && !tells_an_end) return {known};
    return update(*known, facts, spec, now);
  }
  // Another Job by the same name: of the two, the younger one exists.
  if (facts.created < known->facts.created) return {};
  gone(facts.name, known->facts.uid, now);
  return add(facts, spec, now);
}

bool WorkerStore::is_ghost(const WorkerFacts& facts, const Origin& origin) {
  const auto grave = std::find_if(graves_.begin(), graves_.end(),
                                  [&](const Tombstone& t) { return t.uid == facts.uid; });
  if (grave == graves_.end()) return false;
  if (origin.kind != Origin::Kind::list || origin.asked_at <= grave->at) return true;
  graves_.erase(grave);  // its label was taken off and put back on
  return false;
}

WorkerStore::Sighting WorkerStore::add(const WorkerFacts& facts, const ScalerSpec& spec,
                                       TimePoint now) {
  TrackedWorker worker;
  worker.facts = facts;
  worker.learnt_at = now;
  remember(worker.memory, facts, spec, now, true);
  const bool finished = worker.finished();
  if (finished || worker.memory.was_ready) worker.ready_at = ready_before(facts, now);
  worker.last_pod = facts.pod;
  if (facts.deleting) worker.going = Going{now, false, now};
  const bool was_ready = worker.ready_at.has_value();
  TrackedWorker& stored = (finished ? finished_ : unfinished_)[facts.name] = std::move(worker);
  return {&stored, true, was_ready, finished, facts.deleting};
}

WorkerStore::Sighting WorkerStore::update(TrackedWorker& worker, const WorkerFacts& facts,
                                          const ScalerSpec& spec, TimePoint now) {
  const bool was_finished = worker.finished();
  const bool was_ready = worker.ready_at.has_value();
  worker.facts = merged(worker.facts, facts);
  if (worker.facts.pod) worker.last_pod = worker.facts.pod;
  if (worker.finished()) worker.facts.pod = worker.last_pod;
  remember(worker.memory, worker.facts, spec, now, false);
  const bool goes = worker.facts.deleting && !worker.going;
  if (goes) worker.going = Going{now, false, now};
  const bool finishes = !was_finished && worker.finished();
  const bool readies = !was_ready && (worker.memory.was_ready || finishes);
  if (readies) worker.ready_at = now;
  TrackedWorker* stored = &worker;
  if (finishes) {
    stored = &finished_.insert(unfinished_.extract(worker.facts.name)).position->second;
  }
  return {stored, false, readies, finishes, goes};
}

std::optional<TrackedWorker> WorkerStore::gone(const std::string& name, const std::string& uid,
                                               TimePoint now) {
  for (Map* map : {&unfinished_, &finished_}) {
    const auto it = map->find(name);
    if (it == map->end() || it->second.facts.uid != uid) continue;
    TrackedWorker removed = std::move(it->second);
    map->erase(it);
    graves_.push_back({removed.facts.uid, now});  // `uid` may have been a part of what is erased
    if (graves_.size() > kGraves) graves_.pop_front();
    return removed;
  }
  return std::nullopt;
}

std::vector<const TrackedWorker*> WorkerStore::missing_from(
    const std::vector<const WorkerFacts*>& list, TimePoint asked_at) const {
  std::unordered_set<std::string> listed;
  for (const WorkerFacts* facts : list) listed.insert(facts->name);
  std::vector<const TrackedWorker*> missing;
  for (const Map* map : {&unfinished_, &finished_}) {
    for (const auto& [name, worker] : *map) {
      if (!listed.contains(name) && worker.learnt_at < asked_at) missing.push_back(&worker);
    }
  }
  return missing;
}

bool WorkerStore::knows(const std::string& name) const {
  return unfinished_.contains(name) || finished_.contains(name);
}

TrackedWorker* WorkerStore::find(const std::string& name) {
  for (Map* map : {&unfinished_, &finished_}) {
    if (const auto it = map->find(name); it != map->end()) return &it->second;
  }
  return nullptr;
}

}  // namespace jobscaler::engine
