#include "fake_cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "jobscaler/format.h"

namespace jobscaler::scenario {
namespace {

/// The API server's dates are whole seconds.
TimePoint whole_seconds(TimePoint t) {
  return std::chrono::floor<seconds>(t);
}

bool is_finished(const WorkerFacts& facts) {
  return facts.outcome != WorkerFacts::Outcome::unfinished;
}

/// A create that was decided on before an edit arrives no later: see FakeDaemon's late creates.
constexpr Duration kLatestCreate = seconds(10);

/// The one of that name.
template <typename Spec>
Spec& add_if_gone(std::vector<Spec>& specs, const Spec& old) {
  const auto it = std::find_if(specs.begin(), specs.end(),
                               [&](const Spec& spec) { return spec.name == old.name; });
  return it == specs.end() ? specs.emplace_back(old) : *it;
}

}  // namespace

FakeCluster::FakeCluster(World& world, const EngineSpec& spec) : world_(world), spec_(spec) {
  add_queues_and_nodes();
}

void FakeCluster::add_queues_and_nodes() {
  for (const ScalerSpec& scaler : spec_.scalers) queues_.emplace(scaler.name, FakeQueue(world_));
  for (const NodeGroupSpec& group : spec_.node_groups) nodes_[group.name];
}

void FakeCluster::reconfigure(const EngineSpec& spec) {
  EngineSpec strict = spec;
  EngineSpec lenient = spec;
  for (const ScalerSpec& old : spec_.scalers) {
    add_if_gone(strict.scalers, old);
    ScalerSpec& scaler = add_if_gone(lenient.scalers, old);
    scaler.max_workers = std::max(scaler.max_workers, old.max_workers);
  }
  for (const NodeGroupSpec& old : spec_.node_groups) {
    add_if_gone(strict.node_groups, old);
    NodeGroupSpec& group = add_if_gone(lenient.node_groups, old);
    group.window = std::max(group.window, old.window);
    if (!old.max_workers) group.max_workers.reset();
    if (group.max_workers) group.max_workers = std::max(*group.max_workers, *old.max_workers);
  }
  spec_ = std::move(lenient);
  add_queues_and_nodes();
  world_.after(kLatestCreate, [this, edit = ++edits_, strict = std::move(strict)] {
    if (edit == edits_) spec_ = strict;
  });
}

const ScalerSpec& FakeCluster::scaler_spec(const std::string& name) const {
  return *std::find_if(spec_.scalers.begin(), spec_.scalers.end(),
                       [&](const ScalerSpec& s) { return s.name == name; });
}

const NodeGroupSpec& FakeCluster::group_spec(const std::string& name) const {
  return *std::find_if(spec_.node_groups.begin(), spec_.node_groups.end(),
                       [&](const NodeGroupSpec& g) { return g.name == name; });
}

// ------------------------------------------------------------------------------------ requests

CreateOutcome FakeCluster::create(const action::StartWorker& start) {
  const std::string name = fmt::format("{}-{}", start.scaler, start.number);
  if (const auto refused = refuse.find(start.scaler); refused != refuse.end()) {
    return refused->second;
  }
  if (auto existing = look_up(name)) return *existing;
  check_create(start);

  Job job;
  job.facts.name = name;
  job.facts.uid = fmt::format("uid-{}", next_uid_++);
  job.facts.scaler = start.scaler;
  job.facts.number = start.number;
  job.facts.node_group = start.node_group;
  job.facts.backoff_level = start.backoff_level;
  job.facts.created = whole_seconds(world_.now());
  Job& stored = jobs_[name] = std::move(job);
  last_number_[start.scaler] = std::max(last_number_[start.scaler], start.number);
  peaks_[start.scaler] = std::max(peaks_[start.scaler], unfinished(start.scaler));
  changed(stored);
  if (images_[start.scaler].kind == Image::Kind::no_pod) {
    stored.facts.event_reason = "FailedCreate";
    stored.facts.event_words =
        "job-controller: FailedCreate pods \"x\" is forbidden: exceeded quota";
    changed(stored);
  } else {
    later(milliseconds(50), stored, &FakeCluster::make_pod);
  }
  return {CreateOutcome::Kind::created, stored.facts, "", std::nullopt};
}

/// The promises, checked against the truth and not against anybody's view of it.
void FakeCluster::check_create(const action::StartWorker& start) const {
  const ScalerSpec& scaler = scaler_spec(start.scaler);
  INFO("creating " << start.scaler << "-" << start.number << " at "
                   << format_duration(world_.elapsed()));
  if (unfinished(start.scaler) >= scaler.max_workers) {
    FAIL("bounded: " << unfinished(start.scaler) << " unfinished workers already");
  }
  int unready = 0;
  int in_group = 0;
  for (const auto& [name, job] : jobs_) {
    if (job.facts.node_group != start.node_group || is_finished(job.facts)) continue;
    ++in_group;
    if (holds_window(job)) ++unready;
  }
  const NodeGroupSpec& group = group_spec(start.node_group);
  if (unready >= group.window + window_slack) {
    FAIL("gated: " << unready << " workers of " << group.name << " are not ready");
  }
  if (group.max_workers && in_group >= *group.max_workers + window_slack) {
    FAIL("bounded: " << in_group << " workers in " << group.name);
  }
  const auto last = last_number_.find(start.scaler);
  const std::int64_t expected = (last == last_number_.end() ? 0 : last->second) + 1;
  const std::string name = fmt::format("{}-{}", start.scaler, start.number);
  if (start.number != expected && !forgotten_.contains(name))
    FAIL("dense names: expected number " << expected);
}

/// The design's words: not yet ready, and not one that can never become so.
bool FakeCluster::holds_window(const Job& job) const {
  const WorkerFacts& facts = job.facts;
  if (is_finished(facts) || job.ever_ready || facts.deleting) return false;
  const ScalerSpec& scaler = scaler_spec(facts.scaler);
  const TimePoint now = world_.now();
  if (!facts.pod) return now - facts.created < scaler.stuck_after;
  if (facts.pod->stage == PodFacts::Stage::succeeded) return false;
  if (!facts.pod->scheduled) {
    return now - facts.pod->created < group_spec(facts.node_group).node_timeout;
  }
  if (job.first_fatal && now - *job.first_fatal >= scaler.stuck_after) return false;
  return now - *facts.pod->scheduled < scaler.ready_timeout;
}

std::optional<CreateOutcome> FakeCluster::look_up(const std::string& name) const {
  if (foreign_.contains(name)) {
    return CreateOutcome{CreateOutcome::Kind::name_taken, std::nullopt,
                         "jobs.batch \"" + name + "\" exists and is not ours", std::nullopt};
  }
  const auto it = jobs_.find(name);
  if (it == jobs_.end()) return std::nullopt;
  const WorkerFacts& facts = it->second.facts;
  const bool over = is_finished(facts) || facts.deleting;
  return CreateOutcome{over ? CreateOutcome::Kind::already_finished : CreateOutcome::Kind::adopted,
                       facts, "", std::nullopt};
}

void FakeCluster::remove(const std::string& name, const std::string& uid) {
  Job* job = find(name, uid);
  if (job == nullptr) return;
  if (job->ever_ready && !is_finished(job->facts)) FAIL("hands off the workers: " << name);
  job->facts.deleting = true;
  changed(*job);
  if (!deletions_hang) later(milliseconds(100), *job, &FakeCluster::erase);
}

std::vector<WorkerFacts> FakeCluster::list() const {
  std::vector<WorkerFacts> all;
  for (const auto& [name, job] : jobs_) all.push_back(job.facts);
  return all;
}

int FakeCluster::watch(Watcher watcher) {
  watchers_[next_watcher_] = std::move(watcher);
  return next_watcher_++;
}

void FakeCluster::delete_by_hand(const std::string& name) {
  Job& job = jobs_.at(name);
  give_back(job);
  erase(job);
}

void FakeCluster::evict(const std::string& name) {
  Job& job = jobs_.at(name);
  job.facts.pod->status_reason = "Evicted";
  job.facts.pod->status_message = "The node was low on resource: memory.";
  job.facts.pod->disrupted = true;
  pod_ends(job, PodFacts::Stage::failed, -1, "");
}

void FakeCluster::drain(const std::string& name) {
  Job& job = jobs_.at(name);
  job.facts.pod->disrupted = true;
  job.facts.pod->deleting = true;
  job.facts.pod->ready.reset();
  give_back(job);
  changed(job);
  later(seconds(1), job, &FakeCluster::drained);
}

void FakeCluster::drained(Job& job) {
  job.facts.pod.reset();
  release(job);
  changed(job);
  later(seconds(1), job, &FakeCluster::job_ends);
}

void FakeCluster::give_back(Job& job) {
  for (auto it = job.held.rbegin(); it != job.held.rend(); ++it) {
    queue(job.facts.scaler).give_back(*it);
  }
  job.held.clear();
}

bool FakeCluster::runs(const Job& job) const {
  const auto& pod = job.facts.pod;
  return !is_finished(job.facts) && pod && pod->stage == PodFacts::Stage::running && !pod->deleting;
}

// ---------------------------------------------------------------------------------------- numbers

int FakeCluster::unfinished(const std::string& scaler) const {
  return static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
    return entry.second.facts.scaler == scaler && !is_finished(entry.second.facts);
  }));
}

int FakeCluster::ready(const std::string& scaler) const {
  return static_cast<int>(std::count_if(jobs_.begin(), jobs_.end(), [&](const auto& entry) {
    return entry.second.facts.scaler == scaler && !is_finished(entry.second.facts) &&
           entry.second.ever_ready;
  }));
}

int FakeCluster::created(const std::string& scaler) const {
  const auto it = last_number_.find(scaler);
  return it == last_number_.end() ? 0 : static_cast<int>(it->second);
}

// ----------------------------------------------------------------------------------------- events

void FakeCluster::changed(const Job& job) {
  tell(event::WorkerSeen{job.facts});
}

void FakeCluster::tell(const Event& event) {
  for (const auto& [id, watcher] : watchers_) watcher(event);
}

FakeCluster::Job* FakeCluster::find(const std::string& name, const std::string& uid) {
  const auto it = jobs_.find(name);
  return it == jobs_.end() || it->second.facts.uid != uid ? nullptr : &it->second;
}

void FakeCluster::later(Duration delay, const Job& job, void (FakeCluster::*what)(Job&)) {
  world_.after(delay, [this, name = job.facts.name, uid = job.facts.uid, what] {
    if (Job* found = find(name, uid)) (this->*what)(*found);
  });
}

// ------------------------------------------------------------------------------------ a pod's life

void FakeCluster::make_pod(Job& job) {
  PodFacts pod;
  pod.name = job.facts.name + "-pod";
  pod.uid = fmt::format("uid-{}", next_uid_++);
  pod.created = whole_seconds(world_.now());
  job.facts.pod = pod;
  place(job);
}

void FakeCluster::place(Job& job) {
  if (is_finished(job.facts) || job.has_slot) return;
  FakeNodes& nodes = nodes_[job.facts.node_group];
  if (nodes.slots > 0) {
    --nodes.slots;
    job.has_slot = true;
    return scheduled(job);
  }
  PodFacts& pod = *job.facts.pod;
  if (!pod.unscheduled_since) {
    pod.unscheduled_since = whole_seconds(world_.now());
    pod.unscheduled_reason = "Unschedulable";
    pod.unscheduled_message = "0/3 nodes are available: 3 Insufficient cpu.";
    if (nodes.more_nodes > 0) {
      job.facts.event_words = "cluster-autoscaler: TriggeredScaleUp pod triggered scale-up";
    }
    changed(job);
  }
  order_node(job.facts.node_group);
}

void FakeCluster::order_node(const std::string& group) {
  FakeNodes& nodes = nodes_[group];
  if (ordering_[group] || nodes.more_nodes == 0) return;
  ordering_[group] = true;
  --nodes.more_nodes;
  world_.after(nodes.node_delay, [this, group] {
    ordering_[group] = false;
    nodes_[group].slots += nodes_[group].slots_per_node;
    for (auto& [name, job] : jobs_) {
      if (job.facts.node_group == group && job.facts.pod && !job.has_slot) place(job);
    }
  });
}

void FakeCluster::scheduled(Job& job) {
  PodFacts& pod = *job.facts.pod;
  pod.scheduled = whole_seconds(world_.now());
  pod.node = job.facts.node_group + "-node";
  pod.unscheduled_reason.clear();
  pod.unscheduled_message.clear();
  pod.unscheduled_since.reset();
  changed(job);
  begins(job);
}

void FakeCluster::begins(Job& job) {
  const Image& image = images_[job.facts.scaler];
  switch (image.kind) {
    case Image::Kind::works:
      return later(image.startup, job, &FakeCluster::becomes_ready);
    case Image::Kind::crashes:
      return later(image.run, job, &FakeCluster::crash);
    case Image::Kind::exits_at_once:
      return later(image.run, job, &FakeCluster::exit_well);
    case Image::Kind::cannot_pull:
      return later(seconds(1), job, &FakeCluster::pull_fails);
    case Image::Kind::never_ready:
      job.facts.pod->stage = PodFacts::Stage::running;
      changed(job);
      return later(hours(1), job, &FakeCluster::deadline);
    case Image::Kind::no_pod:
      return;
  }
}

void FakeCluster::pull_fails(Job& job) {
  if (!job.first_fatal) job.first_fatal = world_.now();
  job.facts.pod->waiting =
      PodFacts::Waiting{"ImagePullBackOff", "Back-off pulling image \"registry.example/broken:1\""};
  changed(job);
}

void FakeCluster::becomes_ready(Job& job) {
  if (is_finished(job.facts) || job.facts.deleting) return;
  job.facts.pod->stage = PodFacts::Stage::running;
  job.facts.pod->ready = whole_seconds(world_.now());
  job.ever_ready = true;
  job.idle_since = world_.now();
  changed(job);
  if (images_[job.facts.scaler].flaps) later(seconds(3), job, &FakeCluster::flap);
  fetch(job);
}

void FakeCluster::flap(Job& job) {
  if (!runs(job)) return;
  auto& ready = job.facts.pod->ready;
  ready = ready ? std::nullopt : std::optional(whole_seconds(world_.now()));
  changed(job);
  later(seconds(3), job, &FakeCluster::flap);
}

void FakeCluster::fetch(Job& job) {
  if (!runs(job)) return;
  const Image& image = images_[job.facts.scaler];
  while (static_cast<int>(job.held.size()) < image.prefetch) {
    const auto message = queue(job.facts.scaler).take();
    if (!message) break;
    job.held.push_back(*message);
  }
  if (!job.held.empty()) return work(job);
  if (world_.now() - job.idle_since >= image.idle_exit) return exit_well(job);
  later(milliseconds(200), job, &FakeCluster::fetch);
}

void FakeCluster::work(Job& job) {
  const bool dies =
      job.held.front().poison || world_.chance(images_[job.facts.scaler].crash_chance);
  if (dies) return later(milliseconds(10), job, &FakeCluster::crash);
  later(job.held.front().work, job, &FakeCluster::worked);
}

void FakeCluster::worked(Job& job) {
  if (!runs(job)) return;
  job.held.erase(job.held.begin());
  queue(job.facts.scaler).acknowledge();
  job.idle_since = world_.now();
  fetch(job);
}

void FakeCluster::crash(Job& job) {
  pod_ends(job, PodFacts::Stage::failed, 1, "no such host: db");
}

void FakeCluster::exit_well(Job& job) {
  pod_ends(job, PodFacts::Stage::succeeded, 0, "");
}

/// `code` -1: no container ended, because none ran.
void FakeCluster::pod_ends(Job& job, PodFacts::Stage stage, int code, const std::string& message) {
  if (is_finished(job.facts) || !job.facts.pod || job.facts.pod->deleting ||
      job.facts.pod->stage == PodFacts::Stage::failed ||
      job.facts.pod->stage == PodFacts::Stage::succeeded) {
    return;
  }
  give_back(job);
  PodFacts& pod = *job.facts.pod;
  pod.stage = stage;
  pod.ready.reset();
  pod.waiting.reset();
  if (code >= 0) pod.exit = PodFacts::Exit{code, code == 0 ? "Completed" : "Error", message};
  release(job);
  changed(job);
  later(seconds(1), job, &FakeCluster::job_ends);
}

void FakeCluster::job_ends(Job& job) {
  const bool well = job.facts.pod && job.facts.pod->stage == PodFacts::Stage::succeeded;
  job.facts.outcome = well ? WorkerFacts::Outcome::complete : WorkerFacts::Outcome::failed;
  if (!well) job.facts.outcome_reason = "BackoffLimitExceeded";
  job.facts.finished = whole_seconds(world_.now());
  changed(job);
  later(minutes(10), job, &FakeCluster::expires);
}

/// activeDeadlineSeconds: what ends a worker that hangs, whoever has seen it begin.
void FakeCluster::deadline(Job& job) {
  if (is_finished(job.facts)) return;
  job.facts.outcome = WorkerFacts::Outcome::failed;
  job.facts.outcome_reason = "DeadlineExceeded";
  job.facts.outcome_message = "Job was active longer than specified deadline";
  job.facts.finished = whole_seconds(world_.now());
  release(job);
  changed(job);
  later(minutes(10), job, &FakeCluster::expires);
}

void FakeCluster::expires(Job& job) {
  erase(job);
}

void FakeCluster::release(Job& job) {
  if (!job.has_slot) return;
  job.has_slot = false;
  const std::string group = job.facts.node_group;
  ++nodes_[group].slots;
  for (auto& [name, other] : jobs_) {
    if (nodes_[group].slots == 0) break;
    const bool waits = other.facts.node_group == group && other.facts.pod &&
                       !other.facts.pod->scheduled && !is_finished(other.facts);
    if (waits) place(other);
  }
}

void FakeCluster::erase(Job& job) {
  release(job);
  if (numbers_may_be_forgotten && job.facts.number > marks[job.facts.scaler]) {
    forgotten_.insert(job.facts.name);
  }
  const event::WorkerGone gone{job.facts.name, job.facts.uid};
  jobs_.erase(job.facts.name);
  tell(gone);
}

}  // namespace jobscaler::scenario
