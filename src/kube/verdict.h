#pragma once

#include <string>

#include "http/client.h"
#include "jobscaler/engine.h"
#include "kube/status.h"

namespace jobscaler::kube {

/// What the answer to the POST of a worker means. The one place where answers become outcomes.
struct CreateVerdict {
  /// False: what became of the POST must be found out by reading the name back.
  bool settled = true;
  /// The outcome if settled; `worker` is left for the caller to fill in. If not settled, the
  /// outcome in case the name does not exist.
  CreateOutcome outcome;
};
CreateVerdict judge_create(const Result<http::Response>& answer, const Intent& intent);

/// What the answer to the GET that follows means.
struct ReadBackVerdict {
  enum class Kind {
    exists,  ///< whose it is must be seen
    absent,
    unknown,  ///< ask again
  };
  Kind kind = Kind::unknown;
  std::string words;
  std::optional<Duration> retry_after;
};
ReadBackVerdict judge_read_back(const Result<http::Response>& answer, const Intent& intent);

/// What the answer to a dry run of a template means.
struct DryRunVerdict {
  enum class Kind {
    accepted,
    accepted_with_warning,  ///< it cannot be told today, but it is not the template's fault
    refused,
    unknown,  ///< ask again
  };
  Kind kind = Kind::unknown;
  std::string words;
  std::optional<Duration> retry_after;
};
DryRunVerdict judge_dry_run(const Result<http::Response>& answer, const Intent& intent);

}  // namespace jobscaler::kube
