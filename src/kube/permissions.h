#pragma once

#include <memory>
#include <span>
#include <string>

#include "http/client.h"
#include "jobscaler/ports.h"
#include "kube/backoff.h"
#include "kube/session.h"

namespace jobscaler::kube {

/// Something the daemon asks of the API server in its namespace.
struct Permission {
  const char* verb;
  const char* group;
  const char* resource;
  bool needed = true;  ///< false: without it only words are missing
};

/// All that the daemon ever asks for.
std::span<const Permission> permissions();

/// A SelfSubjectAccessReview: whoever may log in may ask it.
http::Request access_review(const Permission& permission, const std::string& name_space);

/// What its answer means, in words that say what to do. `warn`: it cannot be told, or only words
/// are missing.
CheckLine judge_access(const Permission& permission, const std::string& name_space,
                       const Result<http::Response>& answer);

/// Asks for all permissions, one after the other, and notes those that are missing: a verb that is
/// needed only for the first worker, or the first that gets stuck, is told at start.
class PermissionCheck {
 public:
  explicit PermissionCheck(Session& session) : session_(session) {}

  /// REQUIRES: called once. While nobody answers it tries again; the watches tell that.
  void start() { ask(std::make_shared<Progress>()); }

 private:
  struct Progress {
    std::size_t next = 0;
    Backoff backoff{real_random()};
  };
  using Ref = std::shared_ptr<Progress>;

  void ask(const Ref& progress);
  void ask_again(const Ref& progress);
  void answered(const Ref& progress, const std::string& name_space,
                const Result<http::Response>& answer);

  Session& session_;
};

}  // namespace jobscaler::kube
