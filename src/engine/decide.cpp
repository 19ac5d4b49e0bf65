#include "engine/decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/room.h"
#include "engine/texts.h"
#include "jobscaler/format.h"

namespace jobscaler::engine {
namespace {

/// Why a wanted worker is not started now.
struct Limit {
  Reason reason;
  std::string text;
  TimePoint until = TimePoint::max();
  std::optional<TimePoint> read_at = std::nullopt;
  bool on_groups = false;
};

std::optional<Verdict> held(const Situation& s) {
  if (s.spec.paused) {
    return Verdict{Reason::paused, fmt::format("paused in the configuration; {} left alone",
                                               workers(s.counts.unfinished()))};
  }
  if (!s.leader) {
    return Verdict{Reason::not_leader, s.lease_holder.empty()
                                           ? "no daemon is known to hold the Lease"
                                           : s.lease_holder + " holds the Lease"};
  }
  if (s.workers_unknown) return Verdict{Reason::workers_unknown, *s.workers_unknown};
  return std::nullopt;
}

std::optional<Limit> template_refused(const Situation& s, const Demand&) {
  if (s.template_refusal == nullptr) return std::nullopt;
  return Limit{Reason::template_refused,
               fmt::format("{}; checked again in {}", one_line(s.template_refusal->words),
                           format_duration(s.template_refusal->retry_at - s.now))};
}

std::optional<Limit> refused(const Situation& s, const Demand&) {
  if (s.refusal == nullptr || s.now >= s.refusal->retry_at) return std::nullopt;
  return Limit{s.refusal->reason,
               fmt::format("{}; retry in {}", one_line(s.refusal->words),
                           format_duration(s.refusal->retry_at - s.now)),
               s.refusal->retry_at};
}

/// "orders-41: exit code 1, Error: no such host"
std::string fault_text(const Backoff& backoff) {
  return backoff.last ? fmt::format("{}: {}", backoff.last->worker, backoff.last->words) : "";
}

std::optional<Limit> backing_off(const Situation& s, const Demand&) {
  if (!s.backoff.until || s.now >= *s.backoff.until) return std::nullopt;
  return Limit{
      Reason::backing_off,
      fmt::format("for another {} (level {}): {}", format_duration(*s.backoff.until - s.now),
                  s.backoff.level, fault_text(s.backoff)),
      *s.backoff.until};
}

std::optional<Limit> at_max(const Situation& s, const Demand&) {
  if (s.counts.unfinished() >= s.spec.max_workers) {
    return Limit{Reason::at_max,
                 fmt::format("{} of {}", s.counts.unfinished(), workers(s.spec.max_workers))};
  }
  auto text = all_at_max(s.groups);
  if (!text) return std::nullopt;
  return Limit{Reason::at_max, *text, TimePoint::max(), std::nullopt, true};
}

std::optional<Limit> enough(const Situation& s, const Demand& demand) {
  if (!demand.by_reading()) return std::nullopt;
  auto text = enough_workers(s.spec, *s.queue.reading, s.counts.live(), s.unfed);
  if (!text) return std::nullopt;
  return Limit{Reason::enough_workers, *text};
}

std::optional<Limit> unanswered(const Situation& s, const Demand&) {
  if (s.unanswered.empty()) return std::nullopt;
  return Limit{Reason::create_unanswered,
               fmt::format("{} was asked for {} ago and there is no answer yet", s.unanswered,
                           format_duration(s.now - s.unanswered_since))};
}

std::optional<Limit> at_capacity(const Situation& s, const Demand&) {
  auto text = all_without_place(s.groups);
  if (!text) return std::nullopt;
  return Limit{Reason::at_capacity, *text, TimePoint::max(), std::nullopt, true};
}

std::optional<Limit> waiting_for_ready(const Situation& s, const Demand&) {
  auto text = all_full(s.groups);
  if (!text) return std::nullopt;
  return Limit{Reason::waiting_for_ready, *text, TimePoint::max(), std::nullopt, true};
}

std::optional<Limit> unsettled(const Situation& s, const Demand& demand) {
  auto wait = settling(s.spec, demand, s.queue, s.effects, s.now);
  if (!wait) return std::nullopt;
  return Limit{Reason::settling, wait->text, wait->until, wait->read_at};
}

/// In the order of the reasons.
constexpr std::array kLimits = {template_refused, refused,     backing_off,       at_max,   enough,
                                unanswered,       at_capacity, waiting_for_ready, unsettled};

}  // namespace

Verdict decide(const Situation& situation) {
  if (auto hold = held(situation)) return *hold;

  const Demand demand = demand_of(situation.spec, situation.counts, situation.queue,
                                  fault_text(situation.backoff), situation.now);
  Verdict verdict{demand.reason, demand.text, std::nullopt, demand.changes_at};
  if (!demand.wanted) return verdict;

  for (const auto& check : kLimits) {
    const auto limit = check(situation, demand);
    if (!limit) continue;
    return {limit->reason,  fmt::format("{}; {}", limit->text, demand.text),
            std::nullopt,   std::min(limit->until, demand.changes_at),
            limit->read_at, limit->on_groups};
  }
  verdict.group = choose_group(situation.groups);
  return verdict;
}

}  // namespace jobscaler::engine
