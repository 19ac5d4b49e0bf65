#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"
#include "jobscaler/result.h"

namespace jobscaler::kube {

/// What all Jobs of a scaler in a node group have in common, prepared once: the user's spec,
/// unchanged but for
///   - our labels on the pods,
///   - the node group's nodeSelector and tolerations, merged into the pod template (the group
///     wins),
///   - what is absent: restartPolicy Never, backoffLimit 0, ttlSecondsAfterFinished 600, and the
///     annotation that keeps cluster-autoscaler from moving a running worker.
class JobTemplate {
 public:
  /// Error `rejected`: the spec cannot be turned into a Job at all.
  static Result<JobTemplate> prepare(const ScalerConfig& scaler, const NodeGroupConfig& node_group,
                                     const std::string& instance);

  /// The Job of worker `number`, as JSON for POST: with its name, our labels and, unless it is 0,
  /// the backoff level.
  std::string worker(std::int64_t number, int backoff_level = 0) const;

  /// The Job for a dry run: without a number, and with a name that the server makes up.
  std::string dry_run() const;

 private:
  JobTemplate() = default;

  std::string scaler_;
  std::string node_group_;
  std::string instance_;
  std::string spec_;  // JSON
};

}  // namespace jobscaler::kube
