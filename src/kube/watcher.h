#pragma once

#include <set>
#include <string>

#include "kube/event_finder.h"
#include "kube/health.h"
#include "kube/marks.h"
#include "kube/session.h"
#include "kube/watch.h"

namespace jobscaler::kube {

/// Runs the list and watch of Jobs or of Pods on the calling thread, and feeds the store.
class Watcher : private WatchSink {
 public:
  /// `marks`, unless null, are read with every list: it says too little about names without them.
  Watcher(Session& session, Health& health, EventFinder& events, Resource resource, Marks* marks);

  /// Returns when the session is stopped.
  void run();

 private:
  void list(Watch& watch, const std::string& name_space, const std::string& query);
  void stream(Watch& watch, const std::string& name_space, const Watch::Next& next);
  bool is_outdated(const Watch& watch) const;
  http::Request request(const std::string& name_space, const std::string& query) const;
  void tell(const std::function<Store::Events(Store&)>& news);
  void say_once(const std::string& words);

  void list_began(TimePoint asked_at) override;
  void listed(const Json& object) override;
  void list_ended() override;
  void changed(const Json& object) override;
  void deleted(const Json& object) override;
  void synced() override;
  void lost(TimePoint since, const std::string& words) override;

  Session& session_;
  Health& health_;
  EventFinder& events_;
  const Resource resource_;
  Marks* const marks_;
  std::set<std::string> said_;
};

}  // namespace jobscaler::kube
