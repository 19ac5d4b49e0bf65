#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "jobscaler/engine.h"
#include "samples.h"

namespace jobscaler::engine {

/// orders(), a worker for each message.
inline ScalerSpec eager(std::string name = "orders") {
  ScalerSpec spec = orders();
  spec.name = std::move(name);
  spec.messages_above = 0;
  spec.messages_per_worker = 1;
  return spec;
}

/// An engine and what its last step asked for.
class Bench {
 public:
  explicit Bench(EngineSpec spec = {{group()}, {eager()}}) : engine_(std::move(spec), at(0)) {}

  /// Marks and workers known as of at(0).
  Bench& knows(std::vector<WorkerFacts> workers = {},
               std::map<std::string, std::int64_t> marks = {}) {
    engine_.apply(event::MarksLoaded{std::move(marks)}, at(0));
    engine_.apply(event::WorkersListed{std::move(workers), at(0)}, at(0));
    return *this;
  }
  Bench& reads(std::int64_t waiting, double s, const std::string& scaler = "orders") {
    engine_.apply(event::ReadingTaken{scaler, reading(waiting, at(s))}, at(s));
    return *this;
  }
  Bench& hears(const Event& event, double s) {
    engine_.apply(event, at(s));
    return *this;
  }
  Bench& answers(std::int64_t number, CreateOutcome outcome, double s) {
    return hears(event::CreateAnswered{"orders", number, std::move(outcome)}, s);
  }
  Bench& created(const WorkerFacts& facts, double s) {
    return answers(facts.number, {CreateOutcome::Kind::created, facts, "", {}}, s);
  }
  Bench& reconfigure(Reconfiguration change, double s) {
    engine_.reconfigure(std::move(change), at(s));
    return *this;
  }
  Bench& step(double s) {
    actions_ = engine_.step(at(s));
    CHECK(engine_.next_wakeup() > at(s));
    return *this;
  }

  /// Steps whenever the engine wants to, up to a second before `s`.
  Bench& passes(double s) {
    while (engine_.next_wakeup() < at(s - 1)) engine_.step(engine_.next_wakeup());
    return *this;
  }

  /// The same, and how many deletions it asks for meanwhile.
  std::size_t deletions_until(double s) {
    std::size_t deletions = 0;
    while (engine_.next_wakeup() < at(s - 1)) {
      actions_ = engine_.step(engine_.next_wakeup());
      deletions += all<action::DeleteWorker>().size();
    }
    return deletions;
  }

  /// The watch is down from `from` to `to`, while nothing is heard.
  Bench& blind(double from, double to) {
    hears(event::WatchChanged{false, at(from), "connection refused"}, from).step(from).passes(to);
    return hears(event::WatchChanged{true, at(to), ""}, to).step(to);
  }

  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const Action& action : actions_) {
      if (const T* one = std::get_if<T>(&action)) found.push_back(*one);
    }
    return found;
  }
  /// The worker started in the last step; empty if none or several.
  std::string started() const {
    const auto starts = all<action::StartWorker>();
    return starts.size() == 1 ? starts[0].scaler + "-" + std::to_string(starts[0].number) : "";
  }
  Decision decision(const std::string& scaler = "orders") const {
    for (const auto& decided : all<action::Decided>()) {
      if (decided.decision.scaler == scaler) return decided.decision;
    }
    return {};
  }
  std::vector<std::string> news() const {
    std::vector<std::string> texts;
    for (const auto& one : all<action::WorkerNews>()) texts.push_back(one.text);
    return texts;
  }
  const std::vector<Action>& actions() const { return actions_; }
  TimePoint wakeup() const { return engine_.next_wakeup(); }

 private:
  Engine engine_;
  std::vector<Action> actions_;
};

}  // namespace jobscaler::engine
