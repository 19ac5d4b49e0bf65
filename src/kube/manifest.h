#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"
#include "jobscaler/result.h"

namespace jobscaler::kube {

/// The Job of worker `number` of a scaler in a node group, as JSON for POST: the user's spec,
/// unchanged but for
///   - the name, our labels on the Job and on its pods, and the backoff level (unless 0) on the
///   Job,
///   - the node group's nodeSelector and tolerations, merged into the pod template (the group
///   wins),
///   - what is absent: restartPolicy Never, backoffLimit 0, ttlSecondsAfterFinished 600, and the
///     annotation that keeps cluster-autoscaler from moving a running worker.
/// Error `rejected`: the spec cannot be turned into a Job at all.
Result<std::string> worker_manifest(const ScalerConfig& scaler, const NodeGroupConfig& node_group,
                                    const std::string& instance, std::int64_t number,
                                    int backoff_level = 0);

/// The same for a dry run: no number, and a name that the server makes up.
Result<std::string> dry_run_manifest(const ScalerConfig& scaler, const NodeGroupConfig& node_group,
                                     const std::string& instance);

}  // namespace jobscaler::kube
