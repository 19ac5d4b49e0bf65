#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/decide.h"
#include "engine/fairness.h"
#include "engine/node_groups.h"
#include "engine/scaler.h"
#include "engine/view.h"
#include "jobscaler/engine.h"

namespace jobscaler::engine {

/// The engine itself: holds the state, and moves between the parts that are functions of values.
/// Only scalers to which something happened, or whose time has come, are looked at in a step; a
/// change of a node group's load happens to every scaler that waits for it.
class Core {
 public:
  Core(EngineSpec spec, TimePoint now);

  void apply(const Event& event, TimePoint now);
  void reconfigure(Reconfiguration change, TimePoint now);
  std::vector<Action> step(TimePoint now);
  TimePoint next_wakeup() const { return wakeup_; }

 private:
  // intake.cpp: what events change
  void on(const event::ReadingTaken& e, TimePoint now);
  void on(const event::WorkersListed& e, TimePoint now);
  void on(const event::WorkerSeen& e, TimePoint now);
  void on(const event::WorkerGone& e, TimePoint now);
  void on(const event::WatchChanged& e, TimePoint now);
  void on(const event::MarksLoaded& e, TimePoint now);
  void on(const event::CreateAnswered& e, TimePoint now);
  void on(const event::TemplateChecked& e, TimePoint now);
  void on(const event::LeadershipChanged& e, TimePoint now);
  void absorb(Scaler& scaler, const WorkerFacts& facts, const Origin& origin, TimePoint now);
  void became_ready(Scaler& scaler, TrackedWorker& worker, bool news, TimePoint now);
  void became_finished(Scaler& scaler, const TrackedWorker& worker, bool news, TimePoint now);
  void lost(Scaler& scaler, const std::string& name, const std::string& uid, const Origin& origin,
            TimePoint now);
  void forget_missing(const event::WorkersListed& e, TimePoint now);
  void keep_mark(Scaler& scaler, std::int64_t number);

  // reconfigure.cpp: what an edit of the configuration changes
  void configure(Scaler& scaler, ScalerSpec spec, TimePoint now);
  void begin(Scaler& scaler, TimePoint now);
  void read_anew(Scaler& scaler, TimePoint now);
  void try_anew(Scaler& scaler, TimePoint now);

  // upkeep.cpp: what time changes, and what is done without a decision
  void refresh(Scaler& scaler, TimePoint now);
  void look_at(Scaler& scaler, TrackedWorker& worker, TimePoint sight, TimePoint now);
  void found_stuck(Scaler& scaler, TrackedWorker& worker, TimePoint now);
  void recount(Scaler& scaler, TimePoint now);
  void tell_found(Scaler& scaler);
  TimePoint tend_workers(Scaler& scaler, TimePoint now);
  TimePoint tend_stuck(Scaler& scaler, TrackedWorker& worker, TimePoint now);
  TimePoint remove(Scaler& scaler, TrackedWorker& worker, TimePoint now);
  TimePoint tend_going(Scaler& scaler, TrackedWorker& worker, TimePoint now);
  void tend_queue(Scaler& scaler, TimePoint now);
  void tend_template(Scaler& scaler, TimePoint now);
  bool may_act(const Scaler& scaler, TimePoint now) const;

  // core.cpp: decisions
  void notice_view_change(TimePoint now);
  void notice_group_changes();
  std::vector<Claim> claims() const;
  void decide_for(Scaler& scaler, TimePoint now);
  Situation situation_of(const Scaler& scaler, TimePoint now);
  GroupView group_view(const Scaler& scaler, std::size_t group, TimePoint now);
  const std::string& holder_words(std::size_t group, TimePoint now);
  void start(Scaler& scaler, Decision& decision, const std::string& group, TimePoint now);
  void schedule(Scaler& scaler, const Verdict& verdict, TimePoint now);
  void set_wakeup(TimePoint now);

  Scaler* find(const std::string& name);
  Scaler& find_or_add(const std::string& name, TimePoint now);
  void all_dirty();
  void tell(const Scaler& scaler, const std::string& worker, Level level, std::string text);

  NodeGroups groups_;
  std::vector<std::unique_ptr<Scaler>> scalers_;
  std::unordered_map<std::string, Scaler*> by_name_;
  View view_;
  TimePoint view_changes_at_ = TimePoint::max();
  bool leader_ = true;
  std::string lease_holder_;
  bool first_list_ = true;
  std::vector<Action> actions_;  // of the next step
  TimePoint last_now_;
  TimePoint wakeup_;
};

}  // namespace jobscaler::engine
