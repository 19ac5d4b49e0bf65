#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fake_queue.h"
#include "jobscaler/engine.h"
#include "world.h"

namespace jobscaler::scenario {

/// What a scaler's worker image does once its pod has a node.
struct Image {
  enum class Kind {
    works,          ///< takes messages until there are none for `idle_exit`, then exits 0
    crashes,        ///< exits 1 after `run`, before it was ready
    exits_at_once,  ///< exits 0 after `run` without having taken anything
    cannot_pull,    ///< ErrImagePull, then ImagePullBackOff
    never_ready,    ///< runs and never becomes ready; its deadline ends it after an hour
    no_pod,         ///< the Job's pod is refused: FailedCreate
  };
  Kind kind = Kind::works;
  Duration startup = milliseconds(1500);  ///< from scheduled to ready
  Duration idle_exit = seconds(5);
  Duration run = seconds(1);
  int prefetch = 1;
  bool flaps = false;       ///< its readiness probe fails every other 3 s
  double crash_chance = 0;  ///< per message
};

/// Where the pods of a node group go.
struct FakeNodes {
  int slots = 1000;                   ///< pods that fit on the nodes there are
  Duration node_delay = seconds(60);  ///< until another node is there
  int slots_per_node = 4;
  int more_nodes = 0;  ///< that may still be added
};

/// The API server with its controllers, in virtual time. It enforces the promises on every request,
/// whoever sends it; a broken promise fails the test at once.
class FakeCluster {
 public:
  using Watcher = std::function<void(const Event&)>;

  FakeCluster(World& world, const EngineSpec& spec);

  FakeQueue& queue(const std::string& scaler) { return queues_.at(scaler); }
  Image& image(const std::string& scaler) { return images_[scaler]; }
  FakeNodes& nodes(const std::string& group) { return nodes_[group]; }

  // What a daemon asks for. Each takes effect at the moment it is called.
  CreateOutcome create(const action::StartWorker& start);
  std::optional<CreateOutcome> look_up(const std::string& name) const;
  void remove(const std::string& name, const std::string& uid);
  std::vector<WorkerFacts> list() const;
  int watch(Watcher watcher);
  void unwatch(int id) { watchers_.erase(id); }
  std::map<std::string, std::int64_t> marks;

  /// Who leads, of the daemons that take part in the election.
  struct Lease {
    const void* holder = nullptr;  ///< null: it was given up
    TimePoint renewed{};
  };
  Lease lease;

  /// The limits that daemons keep to from now on; creates decided on before may arrive for some
  /// seconds. What is not configured any more stays known for its workers.
  void reconfigure(const EngineSpec& spec);

  // What people and bad days do.
  void delete_by_hand(const std::string& name);
  void occupy_name(const std::string& name) { foreign_.insert({name, true}); }
  void free_name(const std::string& name) { foreign_.erase(name); }
  void evict(const std::string& name);
  /// Drains the node of a worker that is ready: its pod is gone before its Job has failed.
  void drain(const std::string& name);
  /// The next creates of this scaler are answered so, as long as it is set.
  std::map<std::string, CreateOutcome> refuse;
  bool deletions_hang = false;  ///< a finalizer that nobody serves
  /// By how many unready workers a window may be exceeded: 0, or the scalers of a group while
  /// requests of a daemon that is gone (or is another's) are under way.
  int window_slack = 0;

  /// Daemons may be away when the highest Job goes, and then cannot keep its number: unless it is
  /// in the marks, it may come again.
  bool numbers_may_be_forgotten = false;

  int unfinished(const std::string& scaler) const;
  int created(const std::string& scaler) const;
  int ready(const std::string& scaler) const;
  /// The most unfinished workers there have been at once.
  int peak(const std::string& scaler) const { return peaks_.count(scaler) ? peaks_.at(scaler) : 0; }
  bool exists(const std::string& name) const { return jobs_.contains(name); }
  const WorkerFacts& facts(const std::string& name) const { return jobs_.at(name).facts; }

 private:
  struct Job {
    WorkerFacts facts;
    bool ever_ready = false;
    std::optional<TimePoint> first_fatal;
    std::vector<FakeQueue::Message> held;
    bool working = false;
    TimePoint idle_since{};
    bool has_slot = false;
  };

  void check_create(const action::StartWorker& start) const;
  bool holds_window(const Job& job) const;
  void changed(const Job& job);
  void tell(const Event& event);
  Job* find(const std::string& name, const std::string& uid);
  void later(Duration delay, const Job& job, void (FakeCluster::*what)(Job&));

  void make_pod(Job& job);
  void place(Job& job);
  void order_node(const std::string& group);
  void scheduled(Job& job);
  void begins(Job& job);
  void becomes_ready(Job& job);
  void flap(Job& job);
  void fetch(Job& job);
  void work(Job& job);
  void worked(Job& job);
  void crash(Job& job);
  void exit_well(Job& job);
  void pull_fails(Job& job);
  void pod_ends(Job& job, PodFacts::Stage stage, int code, const std::string& message);
  void job_ends(Job& job);
  void drained(Job& job);
  bool runs(const Job& job) const;
  void give_back(Job& job);
  void deadline(Job& job);
  void expires(Job& job);
  void release(Job& job);
  void erase(Job& job);

  void add_queues_and_nodes();
  const ScalerSpec& scaler_spec(const std::string& name) const;
  const NodeGroupSpec& group_spec(const std::string& name) const;

  World& world_;
  EngineSpec spec_;
  int edits_ = 0;
  std::map<std::string, FakeQueue> queues_;
  std::map<std::string, Image> images_;
  std::map<std::string, FakeNodes> nodes_;
  std::map<std::string, bool> ordering_;  // a node of this group is on its way
  std::map<std::string, Job> jobs_;
  std::map<std::string, bool> foreign_;
  std::map<std::string, std::int64_t> last_number_;
  std::set<std::string> forgotten_;  // names that may come again
  std::map<std::string, int> peaks_;
  std::map<int, Watcher> watchers_;
  int next_watcher_ = 0;
  int next_uid_ = 1;
};

}  // namespace jobscaler::scenario
