#include <algorithm>
#include <set>
#include <unordered_map>

#include "engine/core.h"

namespace jobscaler::engine {
namespace {

/// The configuration's order decides between equals; names that are not in it come last.
void put_in_order(std::vector<std::unique_ptr<Scaler>>& scalers,
                  const std::vector<ScalerSpec>& order) {
  std::unordered_map<std::string, std::size_t> places;
  for (const ScalerSpec& spec : order) places.emplace(spec.name, places.size());
  const auto place = [&](const std::unique_ptr<Scaler>& scaler) {
    const auto it = places.find(scaler->spec.name);
    return it == places.end() ? places.size() : it->second;
  };
  std::stable_sort(scalers.begin(), scalers.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
}

/// Who is stuck is found anew, told anew and kept anew.
void forget_who_is_stuck(WorkerStore& workers) {
  for (auto& [name, worker] : workers.unfinished()) worker.memory.stuck.reset();
}

/// The template may be taken now.
void forget_refusals(Scaler& scaler) {
  scaler.template_check = TemplateCheck{};
  scaler.refusal.reset();
}

}  // namespace

void Core::reconfigure(Reconfiguration change, TimePoint now) {
  view_.tick(now, last_now_, wakeup_);
  last_now_ = now;
  std::set<std::string> kept;
  for (const auto& scaler : scalers_) {
    if (scaler->configured) kept.insert(scaler->spec.name);
    scaler->configured = false;
    scaler->groups.clear();
    scaler->tally = Tally{};  // counted anew, as the groups are
  }
  groups_ = NodeGroups(std::move(change.spec.node_groups));
  for (const ScalerSpec& spec : change.spec.scalers) {
    Scaler& scaler = find_or_add(spec.name, now);
    configure(scaler, spec, now);
    if (!kept.contains(spec.name)) {
      begin(scaler, now);
      continue;
    }
    if (change.new_queues.contains(spec.name)) read_anew(scaler, now);
    if (change.new_jobs.contains(spec.name)) try_anew(scaler, now);
  }
  put_in_order(scalers_, change.spec.scalers);
  all_dirty();
  wakeup_ = now;
}

void Core::configure(Scaler& scaler, ScalerSpec spec, TimePoint now) {
  if (spec.poll_interval != scaler.spec.poll_interval) {
    scaler.poller.set_interval(spec.poll_interval, now);
  }
  if (spec.mode != scaler.spec.mode) scaler.would_start.reset();
  if (spec.ready_timeout != scaler.spec.ready_timeout ||
      spec.stuck_after != scaler.spec.stuck_after) {
    forget_who_is_stuck(scaler.workers);  // a longer time may have been set to save them
  }
  scaler.spec = std::move(spec);
  scaler.configured = true;
  scaler.groups.clear();
  for (const std::string& name : scaler.spec.node_groups) {
    if (const auto group = groups_.find(name)) scaler.groups.push_back(*group);
  }
}

/// As after a start: what its name's workers did is known, from before or from their Jobs, and
/// holds it back.
void Core::begin(Scaler& scaler, TimePoint now) {
  if (!first_list_) scaler.tell_found = true;
  forget_who_is_stuck(scaler.workers);
  read_anew(scaler, now);
  forget_refusals(scaler);
}

/// What workers did to the old queue says nothing about the new one.
void Core::read_anew(Scaler& scaler, TimePoint now) {
  scaler.queue = QueueView{};
  scaler.history.queue_changed();
  scaler.poller = Poller(scaler.spec.poll_interval, now);
  scaler.quick_exits.clear();
  scaler.last_ready.reset();
  scaler.last_ready_worker.clear();
  scaler.would_start.reset();
  if (scaler.pending) scaler.pending->waiting.reset();
  for (auto& [name, worker] : scaler.workers.unfinished()) worker.waiting_at_start.reset();
}

void Core::try_anew(Scaler& scaler, TimePoint now) {
  forget_refusals(scaler);
  const std::int64_t under_way = scaler.pending ? scaler.pending->number : 0;
  scaler.history.template_changed(std::max(scaler.numbers.next(), under_way + 1), now);
}

}  // namespace jobscaler::engine
