#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bench/cluster.h"
#include "bench/samples.h"

namespace jobscaler::bench {

/// "<prefix>-<number>", as the daemon names its workers.
std::string job_name(const std::string& prefix, int number);

/// The Jobs `<prefix>-<first>` to `<prefix>-<last>`, each created because the one before was ready.
struct Turn {
  int first = 0;
  int last = 0;
};

/// Watches one instance's Jobs and Pods and keeps the local time at which it saw a Job appear and
/// its pod ready. Works the same on every API server and does not know who created the Jobs. What
/// it sees is understood only when it is asked: it must not take the processor from what it
/// watches.
class Observer {
 public:
  Observer(const Cluster& cluster, std::string instance);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  /// When the Job was seen first. Waits for it; throws std::runtime_error after two minutes.
  TimePoint job_added(const std::string& job);
  /// Waits until the Job is gone, likewise.
  void wait_until_gone(const std::string& job);
  /// The highest n of the Jobs `<prefix>-<n>` seen so far, 0 if none.
  int highest(const std::string& prefix);

  /// Pod ready -> next Job there, within each turn.
  Samples transitions(const std::string& prefix, const std::vector<Turn>& turns);

 private:
  struct Line {
    TimePoint at{};
    std::string text;
  };
  struct SeenJob {
    TimePoint added{};
    bool gone = false;
  };

  void watch(const std::string& path, std::vector<Line>& lines);
  void wait_for(const std::string& what, const std::string& job,
                const std::function<bool()>& happened);
  void understand();
  void understand_job(const Line& line);
  void understand_pod(const Line& line);

  http::Client client_;
  const std::vector<std::pair<std::string, std::string>> headers_;
  const std::string instance_;
  std::mutex mutex_;  // guards what follows, but for the threads
  std::condition_variable changed_;
  std::string awaited_;  // what a line holds that somebody waits for
  std::string trouble_;  // why a watch ended
  std::vector<Line> job_lines_;
  std::vector<Line> pod_lines_;
  std::map<std::string, SeenJob> jobs_seen_;
  std::map<std::string, TimePoint> ready_;  // by Job, of its pod
  std::thread jobs_;
  std::thread pods_;
};

/// Pod ready -> next POST received, within each turn, by kubesim's own clock.
Samples kubesim_transitions(const Cluster& kubesim, const std::string& prefix,
                            const std::vector<Turn>& turns);

}  // namespace jobscaler::bench
