#include "engine/scaler.h"

namespace jobscaler::engine {
namespace {

const NodeGroupSpec& spec_of(const NodeGroups& groups, std::optional<std::size_t> group) {
  static const NodeGroupSpec kUnknown;
  return group ? groups[*group].spec : kUnknown;
}

GroupShare& share_in(Tally& tally, std::size_t group) {
  for (auto& [index, share] : tally.shares) {
    if (index == group) return share;
  }
  return tally.shares.emplace_back(group, GroupShare{}).second;
}

void keep_older(const TrackedWorker*& oldest, const TrackedWorker& worker) {
  if (oldest == nullptr || worker.facts.created < oldest->facts.created) oldest = &worker;
}

int& count_of(WorkerCounts& counts, Phase phase) {
  switch (phase) {
    case Phase::requested:
      return counts.requested;
    case Phase::pending:
      return counts.pending;
    case Phase::starting:
      return counts.starting;
    case Phase::ready:
      return counts.ready;
    case Phase::stuck:
    case Phase::succeeded:  // not among the unfinished
    case Phase::failed:
      break;
  }
  return counts.stuck;
}

/// When an unplaced worker's patience ends; nothing when it waits for no place.
std::optional<TimePoint> place_deadline(const TrackedWorker& worker, const NodeGroupSpec& group) {
  const auto since = unplaced_since(worker.facts, worker.verdict.phase);
  return since ? std::optional(*since + group.node_timeout) : std::nullopt;
}

void count_worker(Tally& tally, const TrackedWorker& worker, const NodeGroups& groups,
                  TimePoint sight) {
  const auto group = groups.find(worker.facts.node_group);
  const Phase phase = worker.verdict.phase;
  ++count_of(tally.counts, phase);
  tally.changes_at = std::min(tally.changes_at, worker.verdict.changes_at);

  GroupShare elsewhere;
  GroupShare& share = group ? share_in(tally, *group) : elsewhere;
  ++share.unfinished;
  if (phase == Phase::ready && worker.ready_at) {
    tally.last_ready_at = std::max(tally.last_ready_at, *worker.ready_at);
  }
  if (phase != Phase::pending && phase != Phase::starting) return;
  const auto deadline = place_deadline(worker, spec_of(groups, group));
  if (deadline && sight >= *deadline) {
    keep_older(share.no_place, worker);
    return;
  }
  if (deadline) tally.changes_at = std::min(tally.changes_at, *deadline);
  ++share.unready;
  keep_older(share.oldest, worker);
  keep_older(tally.oldest_coming, worker);
}

void count_pending(Tally& tally, const Scaler& scaler, const NodeGroups& groups, TimePoint now) {
  if (!scaler.pending || scaler.workers.knows(scaler.pending->worker)) return;
  ++tally.counts.requested;
  const auto group = groups.find(scaler.pending->node_group);
  if (!group) return;
  GroupShare& share = share_in(tally, *group);
  ++share.unfinished;
  const TimePoint patience = scaler.pending->asked_at + scaler.spec.ready_timeout;
  if (now >= patience) return;
  ++share.unready;
  tally.changes_at = std::min(tally.changes_at, patience);
}

}  // namespace

const GroupShare* Tally::share(std::size_t group) const {
  for (const auto& [index, share] : shares) {
    if (index == group) return &share;
  }
  return nullptr;
}

Tally tally_of(const Scaler& scaler, const NodeGroups& groups, TimePoint sight, TimePoint now) {
  Tally tally;
  for (const auto& [name, worker] : scaler.workers.unfinished()) {
    count_worker(tally, worker, groups, sight);
  }
  count_pending(tally, scaler, groups, now);
  return tally;
}

int unfed_workers(const Scaler& scaler) {
  int unfed = scaler.tally.counts.unready();
  if (!scaler.queue.reading) return unfed + scaler.tally.counts.ready;
  if (scaler.tally.last_ready_at <= scaler.queue.reading->taken_at) return unfed;
  for (const auto& [name, worker] : scaler.workers.unfinished()) {
    if (worker.verdict.phase == Phase::ready &&
        worker.ready_at.value_or(TimePoint::min()) > scaler.queue.reading->taken_at) {
      ++unfed;
    }
  }
  return unfed;
}

}  // namespace jobscaler::engine
