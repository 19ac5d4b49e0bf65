#include "scenario.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace jobscaler::scenario {
namespace {

/// "00:05.113"
std::string stamp(Duration elapsed) {
  const auto ms = std::chrono::duration_cast<milliseconds>(elapsed).count();
  return fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60,
                     ms % 1000);
}

}  // namespace

Scenario::Scenario(EngineSpec spec, std::uint64_t seed)
    : world(seed), cluster(world, spec), spec_(std::move(spec)) {
  add_daemon();
}

FakeDaemon& Scenario::add_daemon() {
  return add_daemon(spec_);
}

FakeDaemon& Scenario::add_daemon(EngineSpec spec) {
  daemons_.push_back(std::make_unique<FakeDaemon>(
      world, cluster, std::move(spec),
      [this](const FakeDaemon& who, const Action& action) { hear(who, action); }));
  return *daemons_.back();
}

void Scenario::reconfigure(const Reconfiguration& change) {
  spec_ = change.spec;
  cluster.reconfigure(change.spec);
  for (const auto& daemon : daemons_) daemon->reconfigure(change);
}

int Scenario::starts(const std::string& scaler) const {
  return starts_.contains(scaler) ? starts_.at(scaler) : 0;
}

int Scenario::count(const std::string& scaler, Reason reason) const {
  if (!counts_.contains(scaler)) return 0;
  const auto& reasons = counts_.at(scaler);
  return reasons.contains(reason) ? reasons.at(reason) : 0;
}

void Scenario::hear(const FakeDaemon& who, const Action& action) {
  if (const auto* news = std::get_if<action::WorkerNews>(&action)) {
    line(who, news->scaler, (news->level >= Level::warn ? "! " : "  ") + news->text);
    return;
  }
  const auto* decided = std::get_if<action::Decided>(&action);
  if (decided == nullptr) return;
  const Decision& decision = decided->decision;
  const auto before = last_.find(decision.scaler);
  const bool told = before != last_.end() && before->second.reason == decision.reason;
  if (decision.start || !told) {
    line(who, decision.scaler, fmt::format("{}: {}", to_string(decision.reason), decision.text));
  }
  ++counts_[decision.scaler][decision.reason];
  if (decision.start) ++starts_[decision.scaler];
  last_[decision.scaler] = decision;
}

void Scenario::line(const FakeDaemon& who, const std::string& scaler, const std::string& text) {
  const bool several = daemons_.size() > 1;
  const std::string name = several && &who != daemons_[0].get() ? scaler + "'" : scaler;
  log_ += fmt::format("{} {:8} {}\n", stamp(world.elapsed()), name, text);
}

NodeGroupSpec group_named(const std::string& name, int window) {
  NodeGroupSpec group;
  group.name = name;
  group.window = window;
  return group;
}

ScalerSpec scaler_named(const std::string& name, int max_workers) {
  ScalerSpec scaler;
  scaler.name = name;
  scaler.messages_above = 0;
  scaler.max_workers = max_workers;
  scaler.node_groups = {"default"};
  return scaler;
}

EngineSpec one_scaler() {
  return {{group_named("default")}, {scaler_named("orders")}};
}

void require_golden(const std::string& name, const std::string& log) {
  const std::string file = std::string(JOBSCALER_GOLDEN_DIR) + "/" + name + ".txt";
  if (std::getenv("JOBSCALER_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(file) << log;
    WARN("wrote " << file);
    return;
  }
  std::ifstream in(file);
  std::stringstream golden;
  golden << in.rdbuf();
  INFO("golden file " << name << ".txt; set JOBSCALER_UPDATE_GOLDEN=1 to accept the new timeline");
  CHECK(log == golden.str());
}

}  // namespace jobscaler::scenario
