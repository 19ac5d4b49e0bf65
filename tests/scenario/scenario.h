#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fake_cluster.h"
#include "fake_daemon.h"
#include "world.h"

namespace jobscaler::scenario {

/// A world with a cluster, queues and daemons, and the log that people would read.
class Scenario {
 public:
  explicit Scenario(EngineSpec spec, std::uint64_t seed = 1);

  /// A daemon with the scenario's configuration (or another), not started yet.
  FakeDaemon& add_daemon();
  FakeDaemon& add_daemon(EngineSpec spec);
  /// An edit that every daemon sees at once.
  void reconfigure(const Reconfiguration& change);
  void reconfigure(const EngineSpec& spec) { reconfigure(Reconfiguration{.spec = spec}); }
  /// Starts the first daemon.
  void start() { daemon().start(); }

  FakeDaemon& daemon(std::size_t i = 0) { return *daemons_[i]; }
  std::size_t daemons() const { return daemons_.size(); }

  World world;
  FakeCluster cluster;

  /// The last decision about the scaler.
  const Decision& decision(const std::string& scaler) const { return last_.at(scaler); }
  bool decided(const std::string& scaler) const { return last_.contains(scaler); }
  int starts(const std::string& scaler) const;
  /// How often this reason has been decided.
  int count(const std::string& scaler, Reason reason) const;
  /// The lines so far, as the log would have them: what happened, and reasons that changed.
  const std::string& log() const { return log_; }
  bool said(const std::string& words) const { return log_.find(words) != std::string::npos; }

 private:
  void hear(const FakeDaemon& who, const Action& action);
  void line(const FakeDaemon& who, const std::string& scaler, const std::string& text);

  EngineSpec spec_;
  std::vector<std::unique_ptr<FakeDaemon>> daemons_;
  std::map<std::string, Decision> last_;
  std::map<std::string, std::map<Reason, int>> counts_;
  std::map<std::string, int> starts_;
  std::string log_;
};

/// A spec with one scaler `orders` on one group `default`: threshold 0, at most 20 workers.
EngineSpec one_scaler();
NodeGroupSpec group_named(const std::string& name, int window = 1);
ScalerSpec scaler_named(const std::string& name, int max_workers = 20);

/// Compares a scenario's log with tests/scenario/golden/<name>.txt. With the environment variable
/// JOBSCALER_UPDATE_GOLDEN set, writes that file instead.
void require_golden(const std::string& name, const std::string& log);

}  // namespace jobscaler::scenario
