#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kube/backoff.h"
#include "kube/manifest.h"
#include "kube/session.h"
#include "kube/verdict.h"

namespace jobscaler::kube {

/// Creates workers and finds out what became of each POST, however long that takes.
class Creator {
 public:
  Creator(Session& session, const std::vector<NodeGroupConfig>& node_groups,
          const std::vector<ScalerConfig>& scalers);

  /// For what is started from now on. Called by the thread that calls start().
  void reconfigure(const std::vector<NodeGroupConfig>& node_groups,
                   const std::vector<ScalerConfig>& scalers);

  /// -> CreateAnswered, exactly once.
  void start(const action::StartWorker& start);

 private:
  struct Creation {
    action::StartWorker start;
    Intent intent;
    std::string path;      // of the Job
    CreateOutcome absent;  // the outcome if the Job does not exist
    Backoff backoff{real_random()};
    bool said_so = false;
  };
  using Ref = std::shared_ptr<Creation>;

  void post(const Ref& creation, std::string manifest);
  void posted(const Ref& creation, const Result<http::Response>& answer);
  void too_old(const Ref& creation);
  void read_back(const Ref& creation);
  void was_read(const Ref& creation, const Result<http::Response>& answer);
  void read_again(const Ref& creation, const ReadBackVerdict& verdict);
  bool settle_as_created(const Ref& creation, const std::string& body);
  bool settle_as_existing(const Ref& creation, const std::string& body);
  void settle(const Ref& creation, CreateOutcome outcome);
  void settle(const Ref& creation, CreateOutcome outcome, WorkerFacts job);

  Session& session_;
  std::map<std::pair<std::string, std::string>, Result<JobTemplate>> templates_;  // scaler, group
};

}  // namespace jobscaler::kube
