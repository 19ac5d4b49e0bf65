#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "jobscaler/engine.h"
#include "kube/facts.h"

namespace jobscaler::kube {

/// What is known about our instance's Jobs and Pods, joined into workers. Each function takes one
/// piece of news and returns what it means as events: WorkersListed once both lists are in and
/// after each later one, of which it says how old either is, WorkerSeen for a worker that differs
/// from what was last told, WorkerGone. Pure; times are ServerTimes, but for WorkersListed's own.
///
/// The order of news is the watch's, with two safeguards against stale and repeated events: a Job
/// that is gone stays gone (a uid never comes back), and what is finished stays finished.
class Store {
 public:
  using Events = std::vector<Event>;

  void jobs_began(TimePoint asked_at);
  void job_listed(WorkerFacts job);
  Events jobs_ended();
  Events job_seen(WorkerFacts job);
  Events job_gone(const std::string& uid);

  void pods_began(TimePoint asked_at);
  void pod_listed(OwnedPod pod);
  Events pods_ended();
  Events pod_seen(OwnedPod pod);
  Events pod_gone(const std::string& uid);

  /// The answer to our own POST or GET: the Job is known from here on, even if a list that is under
  /// way does not have it. Returns the newest that is known about it; absent: it is gone already.
  std::optional<WorkerFacts> job_created(WorkerFacts job);

  /// `subject`: the uid of the Job or pod that the words are about.
  Events event_found(const std::string& subject, EventWords words);

  /// An unfinished worker whose pod is missing or not ready.
  struct Unready {
    std::string
        subject;       ///< the uid whose Events say why: the pod's, or the Job's while it has none
    ServerTime since;  ///< when the subject was created
  };
  std::vector<Unready> unready() const;

 private:
  std::optional<WorkerFacts> joined(const std::string& uid) const;
  const OwnedPod* pod_of(const WorkerFacts& job) const;
  void put(WorkerFacts job);
  Events tell(const std::string& job_uid);
  Events tell_all();
  std::string job_of(const OwnedPod& pod) const;

  bool both_listed() const { return jobs_listed_ && pods_listed_; }

  std::map<std::string, WorkerFacts> jobs_;  // by uid
  std::map<std::string, OwnedPod> pods_;     // by uid
  std::map<std::string, EventWords> words_;  // by subject
  std::map<std::string, WorkerFacts> told_;  // by the Job's uid: what the other side believes
  std::set<std::string> gone_;               // uids of Jobs that are no more

  bool jobs_listed_ = false;
  bool pods_listed_ = false;
  bool listing_jobs_ = false;
  TimePoint jobs_asked_at_{};  // when the request left for the list that is in
  TimePoint pods_asked_at_{};
  std::map<std::string, WorkerFacts> new_jobs_;  // the list under way
  TimePoint new_jobs_asked_at_{};
  std::map<std::string, OwnedPod> new_pods_;
  TimePoint new_pods_asked_at_{};
  std::set<std::string> created_meanwhile_;  // uids of Jobs we created while it was under way
};

}  // namespace jobscaler::kube
