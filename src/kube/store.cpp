#include "kube/store.h"

namespace jobscaler::kube {
namespace {

constexpr std::size_t kMostRemembered = 10'000;  // uids of Jobs that are gone

/// Whether `pod` says more about its Job's worker than `other`.
bool is_better(const OwnedPod& pod, const OwnedPod& other) {
  if (pod.facts.deleting != other.facts.deleting) return other.facts.deleting;
  if (pod.facts.created != other.facts.created) return pod.facts.created > other.facts.created;
  return pod.facts.uid > other.facts.uid;
}

bool is_over(const PodFacts& pod) {
  return pod.stage == PodFacts::Stage::succeeded || pod.stage == PodFacts::Stage::failed;
}

/// An event from before what is known.
bool is_stale(const WorkerFacts& seen, const WorkerFacts& known) {
  return (is_finished(known) && !is_finished(seen)) || (known.deleting && !seen.deleting);
}

bool is_stale(const PodFacts& seen, const PodFacts& known) {
  return (is_over(known) && !is_over(seen)) || (known.deleting && !seen.deleting) ||
         (known.scheduled && !seen.scheduled);
}

}  // namespace

// ------------------------------------------------------------------------------------------- jobs

void Store::jobs_began(TimePoint asked_at) {
  new_jobs_asked_at_ = asked_at;
  listing_jobs_ = true;
  new_jobs_.clear();
  created_meanwhile_.clear();
}

void Store::job_listed(WorkerFacts job) {
  auto uid = job.uid;
  if (gone_.count(uid) == 0) new_jobs_.insert_or_assign(std::move(uid), std::move(job));
}

Store::Events Store::jobs_ended() {
  // The list may be older than what we created, or read by name, after it was asked for.
  for (const auto& uid : created_meanwhile_) {
    if (const auto job = jobs_.find(uid); job != jobs_.end()) new_jobs_.insert(*job);
  }
  jobs_ = std::move(new_jobs_);
  jobs_asked_at_ = new_jobs_asked_at_;
  new_jobs_.clear();
  created_meanwhile_.clear();
  listing_jobs_ = false;
  jobs_listed_ = true;
  return both_listed() ? tell_all() : Events{};
}

Store::Events Store::job_seen(WorkerFacts job) {
  const auto uid = job.uid;
  put(std::move(job));
  return tell(uid);
}

void Store::put(WorkerFacts job) {
  if (gone_.count(job.uid) > 0) return;
  const auto known = jobs_.find(job.uid);
  if (known != jobs_.end() && is_stale(job, known->second)) return;
  auto uid = job.uid;
  jobs_.insert_or_assign(std::move(uid), std::move(job));
}

Store::Events Store::job_gone(const std::string& uid) {
  if (gone_.size() >= kMostRemembered) gone_.clear();
  gone_.insert(uid);
  created_meanwhile_.erase(uid);
  new_jobs_.erase(uid);
  words_.erase(uid);
  jobs_.erase(uid);
  const auto told = told_.extract(uid);
  if (told.empty()) return {};
  return {event::WorkerGone{told.mapped().name, uid}};
}

std::optional<WorkerFacts> Store::job_created(WorkerFacts job) {
  const auto uid = job.uid;
  // What the watch has brought is newer than the answer to the creation, unless that says
  // "finished".
  if (jobs_.count(uid) == 0 || is_finished(job) || job.deleting) put(std::move(job));
  if (listing_jobs_ && jobs_.count(uid) > 0) created_meanwhile_.insert(uid);
  auto known = joined(uid);
  if (known) told_[uid] = *known;
  return known;
}

// ------------------------------------------------------------------------------------------- pods

void Store::pods_began(TimePoint asked_at) {
  new_pods_asked_at_ = asked_at;
  new_pods_.clear();
}

void Store::pod_listed(OwnedPod pod) {
  auto uid = pod.facts.uid;
  new_pods_.insert_or_assign(std::move(uid), std::move(pod));
}

Store::Events Store::pods_ended() {
  pods_ = std::move(new_pods_);
  pods_asked_at_ = new_pods_asked_at_;
  new_pods_.clear();
  pods_listed_ = true;
  return both_listed() ? tell_all() : Events{};
}

Store::Events Store::pod_seen(OwnedPod pod) {
  const auto known = pods_.find(pod.facts.uid);
  if (known != pods_.end() && is_stale(pod.facts, known->second.facts)) return {};
  const auto job = job_of(pod);
  auto uid = pod.facts.uid;
  pods_.insert_or_assign(std::move(uid), std::move(pod));
  return tell(job);
}

Store::Events Store::pod_gone(const std::string& uid) {
  words_.erase(uid);
  const auto pod = pods_.extract(uid);
  if (pod.empty()) return {};
  return tell(job_of(pod.mapped()));
}

// ----------------------------------------------------------------------------------------- joined

std::string Store::job_of(const OwnedPod& pod) const {
  if (!pod.owner_uid.empty()) return pod.owner_uid;
  for (const auto& [uid, job] : jobs_) {
    if (job.name == pod.job_name) return uid;
  }
  return {};
}

const OwnedPod* Store::pod_of(const WorkerFacts& job) const {
  const OwnedPod* best = nullptr;
  for (const auto& [uid, pod] : pods_) {
    const bool its = pod.owner_uid.empty() ? pod.job_name == job.name : pod.owner_uid == job.uid;
    if (its && (best == nullptr || is_better(pod, *best))) best = &pod;
  }
  return best;
}

std::optional<WorkerFacts> Store::joined(const std::string& uid) const {
  const auto job = jobs_.find(uid);
  if (job == jobs_.end()) return std::nullopt;
  auto worker = job->second;
  const auto* pod = pod_of(worker);
  if (pod != nullptr) worker.pod = pod->facts;
  const auto words = words_.find(pod != nullptr ? pod->facts.uid : uid);
  if (words != words_.end()) {
    worker.event_reason = words->second.reason;
    worker.event_words = words->second.words;
  }
  return worker;
}

Store::Events Store::tell(const std::string& job_uid) {
  if (!both_listed()) return {};
  const auto worker = joined(job_uid);
  if (!worker) return {};
  const auto told = told_.find(job_uid);
  if (told != told_.end() && told->second == *worker) return {};
  told_[job_uid] = *worker;
  return {event::WorkerSeen{*worker}};
}

Store::Events Store::tell_all() {
  event::WorkersListed listed;
  listed.asked_at = jobs_asked_at_;
  listed.pods_asked_at = pods_asked_at_;
  told_.clear();
  std::erase_if(words_, [this](const auto& entry) {
    return jobs_.count(entry.first) == 0 && pods_.count(entry.first) == 0;
  });
  for (const auto& [uid, job] : jobs_) {
    listed.workers.push_back(*joined(uid));
    told_[uid] = listed.workers.back();
  }
  return {listed};
}

// ----------------------------------------------------------------------------------------- events

Store::Events Store::event_found(const std::string& subject, EventWords words) {
  if (words == EventWords{}) return {};
  const auto pod = pods_.find(subject);
  if (pod == pods_.end() && jobs_.count(subject) == 0) return {};
  words_[subject] = std::move(words);
  return tell(pod == pods_.end() ? subject : job_of(pod->second));
}

std::vector<Store::Unready> Store::unready() const {
  // Not pod_of() for each Job: this is asked for once a second, with thousands of workers.
  std::map<std::string, const OwnedPod*> best;  // by the Job's uid
  for (const auto& [uid, pod] : pods_) {
    auto*& known = best[job_of(pod)];
    if (known == nullptr || is_better(pod, *known)) known = &pod;
  }
  std::vector<Unready> all;
  for (const auto& [uid, job] : jobs_) {
    if (is_finished(job) || job.deleting || job.suspended) continue;
    const auto found = best.find(uid);
    const auto* pod = found == best.end() ? nullptr : found->second;
    if (pod == nullptr) {
      all.push_back({uid, job.created});
    } else if (!pod->facts.ready && !is_over(pod->facts)) {
      all.push_back({pod->facts.uid, pod->facts.created});
    }
  }
  return all;
}

}  // namespace jobscaler::kube
