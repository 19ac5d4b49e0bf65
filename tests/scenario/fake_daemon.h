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
  /// The watch breaks; events are missed until it is back, which brings a list.
  void cut_watch();
  void mend_watch();
  void relist();
  void post(const Event& event);

  Faults faults;
  Duration watch_delay = milliseconds(30);

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
  bool watch_up_ = false;
  std::deque<Event> mailbox_;
  bool pumping_ = false;
  std::uint64_t alarm_ = 0;
  std::map<std::string, int> creates_under_way_;
  std::map<std::string, TimePoint> reads_under_way_;
  std::vector<WorkerFacts> old_news_;
};

}  // namespace jobscaler::scenario
