#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "jobscaler/ports.h"

namespace jobscaler::kube {

/// The cluster's side of the daemon: watches our instance's Jobs and their Pods, creates and
/// deletes Jobs, keeps the names' high-water marks on our Lease, and takes part in the election of
/// the daemon that acts. Everything it learns is posted to the outbox:
///   LeadershipChanged  first before MarksLoaded; while we do not lead no Job is created nor
///                   deleted; who comes to lead lists Jobs and Pods anew
///   MarksLoaded     with every list of Jobs, before it is told; the list waits for it
///   WorkersListed   whenever both lists are in: at start, and when a watch had to start over
///   WorkerSeen      when what is known about a worker has changed, its events' words included
///   WorkerGone      when its Job is gone
///   WatchChanged    when a watch is lost (once), and when both are back
///   CreateAnswered  once per start_worker()
///   TemplateChecked once per scaler after start and per new template, once per check_template();
///                   later, while nobody answers
///   Note            for everything a person should know
///
/// A cluster that is down, or credentials that are missing, at start or later: stays up, says so
/// once, and retries with backoff (0.8 s to 30 s, with jitter). It recovers by itself.
///
/// Threads: two of its own, blocked in the watches; answers come on the HTTP client's pool, which
/// http::initialize_thread_pool() must have bounded. All functions may be called from any thread,
/// but start_worker() and reconfigure() from the same one.
class Cluster : public ClusterPort {
 public:
  /// Does no I/O. The outbox must outlive the Cluster.
  Cluster(const KubernetesConfig& kubernetes, const std::vector<NodeGroupConfig>& node_groups,
          const std::vector<ScalerConfig>& scalers, Outbox& outbox);
  ~Cluster() override;  // stop()
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// REQUIRES: called once.
  void start();

  /// Makes Jobs by these templates from now on; those of `new_jobs` differ from before and are
  /// checked, and what the old ones' checks come to is not posted any more. REQUIRES: start().
  void reconfigure(const std::vector<NodeGroupConfig>& node_groups,
                   const std::vector<ScalerConfig>& scalers, const std::set<std::string>& new_jobs);

  /// Gives up our Lease, if it can within a second. Returns within two whatever is under way;
  /// a request that has left may still reach the API server. Nothing is posted after it returns.
  void stop();

  void start_worker(const action::StartWorker& start) override;
  void delete_worker(const action::DeleteWorker& remove) override;
  void record_mark(const action::RecordMark& mark) override;
  void check_template(const action::CheckTemplate& check) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// `jobscaler check --connect`: whether the API server is reachable and with which version, each
/// permission the daemon needs (SelfSubjectAccessReview), and a dry run of each scaler's template.
/// Blocks; creates nothing.
std::vector<CheckLine> check(const KubernetesConfig& kubernetes,
                             const std::vector<NodeGroupConfig>& node_groups,
                             const std::vector<ScalerConfig>& scalers);

}  // namespace jobscaler::kube
