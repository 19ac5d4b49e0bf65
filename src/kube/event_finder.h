#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "kube/session.h"

namespace jobscaler::kube {

struct EventPace {
  Duration patience = std::chrono::seconds(3);  ///< a worker this young needs no explanation
  Duration again = std::chrono::seconds(10);    ///< between two questions about the same worker
  Duration between = std::chrono::seconds(1);   ///< between two questions
};

/// Looks for Events that say why a worker is not ready, and adds their words to it. Events are not
/// watched: there are far more of them than anybody wants. A worker that has not become ready
/// within a few seconds is asked about, each at most every 10 s, all together at most once a
/// second. While every worker is ready nothing is done at all.
class EventFinder {
 public:
  explicit EventFinder(Session& session, EventPace pace = {}) : session_(session), pace_(pace) {}

  /// Something has changed: perhaps there is a worker to ask about soon.
  void wake();

 private:
  void look();
  void look_after(Duration pause);
  std::string choose(const std::vector<Store::Unready>& unready, TimePoint now);
  void ask(const std::string& subject);
  void answered(const std::string& subject, const std::string& name_space,
                const Result<http::Response>& answer);

  Session& session_;
  const EventPace pace_;
  std::atomic<bool> awake_ = false;  // a look is going to come
  std::mutex mutex_;
  TimePoint not_before_{};                  // the API server does not let us list Events
  std::map<std::string, TimePoint> asked_;  // by subject
};

}  // namespace jobscaler::kube
