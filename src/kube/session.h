#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "http/timers.h"
#include "jobscaler/closable_outbox.h"
#include "kube/api.h"
#include "kube/leadership.h"
#include "kube/lease_writer.h"
#include "kube/names.h"
#include "kube/store.h"

namespace jobscaler::kube {

/// The store, shared: every piece of news is applied and told under one lock, so that what is told
/// last is what is known last.
class Workers {
 public:
  Workers(Outbox& outbox, const ServerClock& clock) : outbox_(outbox), clock_(clock) {}

  /// Applies `news` to the store and posts the events it returns.
  void update(const std::function<Store::Events(Store&)>& news);

  /// Posts the answer to a creation that ended in a Job, with the newest that is known about it.
  void answer(event::CreateAnswered answer, WorkerFacts job);

  std::vector<Store::Unready> unready();

  /// What the server's clock shows; absent before its first answer.
  std::optional<ServerTime> server_now() const;

 private:
  Duration ahead() const;
  void post(Event event);

  Outbox& outbox_;
  const ServerClock& clock_;
  std::mutex mutex_;
  Store store_;
};

/// When the watchers' threads do something. Thread-safe.
class Pace {
 public:
  /// They may begin: whether we lead has been looked at. Until then they would list in vain.
  void begin();

  /// They may begin; lists that were asked for before `since` will not do.
  void list_anew(TimePoint since);

  /// Whether a list that was asked for then will not do.
  bool is_outdated(TimePoint asked_at);

  /// Sleeps until begin(), and then until `time`, or a list asked for at `asked_at` will not do.
  /// False: stopped.
  bool sleep_until(TimePoint time, TimePoint asked_at);

  void stop();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool begun_ = false;
  bool stopped_ = false;
  TimePoint since_{};
};

/// What the parts of a Cluster share. The parts are called back by its members, so that it must be
/// closed before a part is destroyed.
struct Session {
  Session(const KubernetesConfig& config, Outbox& out)
      : instance(config.instance),
        outbox(out),
        leadership(outbox, lease_name(instance)),
        api(config),
        lease(config),
        workers(outbox, api.clock()) {}

  /// Ends whatever is under way; nothing is posted, and nobody called back, after it returns.
  /// REQUIRES: no other thread waits for one of the members.
  void close();

  /// Makes the watchers list the workers again, unless they have asked for that since then.
  void list_anew(TimePoint since);

  /// Until when what was decided then may leave in the leader's name; in the past if it may not.
  TimePoint latest_sending(TimePoint decided_at);

  void note(Level level, const std::string& subject, const std::string& text) {
    outbox.post(Note{level, subject, text});
  }

  const std::string instance;
  ClosableOutbox outbox;
  Leadership leadership;
  Pace pace;
  Api api;
  LeaseWriter lease;
  http::Timers timers;
  Workers workers;
};

}  // namespace jobscaler::kube
