#pragma once

#include <array>
#include <mutex>
#include <set>
#include <string>

#include "kube/session.h"

namespace jobscaler::kube {

enum class Resource { jobs, pods };

/// Whether both watches are up; says it once when that changes. Thread-safe.
class Health {
 public:
  explicit Health(Session& session) : session_(session) {}

  void synced(Resource resource);
  void lost(Resource resource, TimePoint since, const std::string& words);

 private:
  void tell_up();

  Session& session_;
  std::mutex mutex_;
  std::array<bool, 2> up_{};  // by Resource
  bool ever_up_ = false;
  bool told_down_ = false;
  TimePoint down_since_{};
  std::set<std::string> said_;  // during this outage
};

}  // namespace jobscaler::kube
