#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kube/backoff.h"
#include "kube/session.h"

namespace jobscaler::kube {

/// The request that asks the API server what it thinks of a Job without creating it.
http::Request dry_run_request(const std::string& name_space, std::string manifest);

/// Dry runs of the scalers' templates: one for each node group a scaler may use.
class Templates {
 public:
  Templates(Session& session, const std::vector<NodeGroupConfig>& node_groups,
            const std::vector<ScalerConfig>& scalers);

  void check_all();

  /// Checks those of `changed` anew; a check of what they were before comes to nothing.
  void reconfigure(const std::vector<NodeGroupConfig>& node_groups,
                   const std::vector<ScalerConfig>& scalers, const std::set<std::string>& changed);

  /// -> TemplateChecked once, later if nobody answers now. A check that is under way is enough.
  void check(const std::string& scaler);

 private:
  struct Check {
    ScalerConfig scaler;
    std::vector<NodeGroupConfig> groups;  // the scaler's
    std::size_t next_group = 0;
    Backoff backoff{real_random()};
    bool said_so = false;
  };
  using Ref = std::shared_ptr<Check>;

  void set(const std::vector<NodeGroupConfig>& node_groups,
           const std::vector<ScalerConfig>& scalers);
  Ref begin(const std::string& scaler);
  bool is_current(const Ref& check);
  void ask(const Ref& check);
  void answered(const Ref& check, const std::string& name_space,
                const Result<http::Response>& answer);
  void ask_again(const Ref& check, const std::string& words, std::optional<Duration> wish);
  void finish(const Ref& check, const std::string& refusal);

  Session& session_;
  std::mutex mutex_;  // guards all that follows
  std::map<std::string, NodeGroupConfig> node_groups_;
  std::map<std::string, ScalerConfig> scalers_;
  std::map<std::string, Ref> running_;  // by scaler
};

}  // namespace jobscaler::kube
