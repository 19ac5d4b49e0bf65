#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fake_cluster.h"
#include "jobscaler/engine.h"
#include "world.h"

namespace jobscaler::scenario {

/// How a daemon's requests go wrong.
struct Faults {
  // One-shot: what becomes of the next create.
  bool lose_next_create = false;  ///< it never reaches the API server
  bool lose_next_answer = false;  ///< it is done, and the answer does not come back
  Duration delay_next_create{};  ///< it is under way this much longer, and counts as lost meanwhile
  // Always on.
  double lost_creates = 0;
  double lost_answers = 0;
  double late_creates = 0;  ///< reported as lost and done up to 5 s later all the same
  double stale_events = 0;  ///< an old version of a worker comes again
  double failed_reads = 0;
  bool fail_next_list = false;  ///< one-shot: it is tried again, and the watch is lost meanwhile
};

/// One daemon: the engine behind its public door, with I/O that takes time and goes wrong on
/// request. It checks what can be seen from here: at most one unanswered create and one unanswered
/// reading per scaler, wake-ups in the future, decisions that match actions.
class FakeDaemon {
 public:
  using Listener = std::function<void(const FakeDaemon&, const Action&)>;

  FakeDaemon(World& world, FakeCluster& cluster, EngineSpec spec, Listener listener);

  void start();
  /// kill -9: what has left this machine goes on, nothing else does.
  void kill();
  bool running() const { return engine_ != nullptr; }
  void freeze();
  void thaw();
  /// A clean shutdown: what has left this machine goes on, and the Lease is given up.
  void stop();
  bool leads() const { return leads_; }
  /// The watch breaks; what happens is missed until it is back.
  void cut_watch();
  /// What happens is missed until it lists again, and nobody knows.
  void deafen() { deaf_ = true; }
  /// How it comes back.
  enum class Return {
    lists,    ///< Jobs and pods are listed, then the watch is up
    resumes,  ///< it goes on where it was: up, and what was missed comes without a list
    too_old,  ///< it is up, learns that its version is too old (410), and lists then
  };
  void mend_watch(Return how = Return::lists);
  /// Lists both while the watch is up.
  void relist();
  void post(const Event& event);
  /// Its configuration is edited; one that is down starts with it.
  void reconfigure(const Reconfiguration& change);

  /// Takes part in the election of the daemon that acts. Set it before the start.
  bool elects = false;
  Faults faults;
  Duration watch_delay = milliseconds(30);
  Duration list_time = milliseconds(40);  ///< from asking to having it; at least 20 ms
  /// The pods' list is in so much later than the Jobs', and those that are told meanwhile have
  /// their old pods.
  Duration pods_lag{};

 private:
  void pump();
  void sleep_until(TimePoint when);
  void carry_out(const Action& action);
  void send_create(const action::StartWorker& start);
  void create_sent(const action::StartWorker& start);
  void settle_lost_create(const action::StartWorker& start, Duration late);
  void answer(const action::StartWorker& start, CreateOutcome outcome);
  void read(const std::string& scaler);
  void hear(const Event& event);
  void look_at_lease();
  void lead();
  bool is_too_late(TimePoint decided_at) const;
  void list(bool then_up);
  void list_failed();
  void jobs_listed(TimePoint asked_at, bool then_up);
  void both_listed(TimePoint asked_at, bool then_up);
  void go_on();
  std::vector<WorkerFacts> with_known_pods(std::vector<WorkerFacts> workers) const;
  void record(const action::RecordMark& mark);
  void remove(const action::DeleteWorker& remove);
  /// Runs `what` after `delay` if this is still the same life of the daemon; a frozen daemon does
  /// it when it thaws.
  void later(Duration delay, std::function<void()> what);

  World& world_;
  FakeCluster& cluster_;
  EngineSpec spec_;
  Listener listener_;
  std::unique_ptr<Engine> engine_;
  int life_ = 0;
  bool frozen_ = false;
  std::vector<std::function<void()>> when_thawed_;
  std::optional<int> watch_;
  bool watch_up_ = false;  // connected, perhaps still listing
  bool watching_ = false;  // events come; else they are missed
  bool deaf_ = false;      // they do not, and it does not know
  bool leads_ = false;
  TimePoint leads_since_{};
  TimePoint leads_until_ = TimePoint::max();
  int connection_ = 0;      // what an earlier one was doing is void
  TimePoint current_at_{};  // when the view was last current, if it is not
  std::deque<Event> in_flight_;
  std::deque<Event> missed_;
  std::map<std::string, std::optional<PodFacts>> known_pods_;  // by the Job's uid
  std::optional<TimePoint> pods_asked_at_;
  TimePoint marks_written_at_{};  // when the writes under way will be done
  std::deque<Event> mailbox_;
  bool pumping_ = false;
  std::uint64_t alarm_ = 0;
  std::map<std::string, int> creates_under_way_;
  std::map<std::string, TimePoint> reads_under_way_;
  std::map<std::string, int> queues_;  // how many a scaler has had
  std::vector<WorkerFacts> old_news_;
};

}  // namespace jobscaler::scenario
