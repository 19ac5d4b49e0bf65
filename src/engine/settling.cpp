#include "engine/settling.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobscaler/format.h"

namespace jobscaler::engine {
namespace {

/// An observed scaler's workers never come: the same start is reported once per poll or settle
/// time.
std::optional<Settling> would_have_started(const ScalerSpec& spec, const Demand& demand,
                                           const Effects& effects, TimePoint now) {
  if (spec.mode != ScalerSpec::Mode::observe || !effects.would_start) return std::nullopt;
  const Duration wait = one_at_a_time(spec, demand.reason)
                            ? std::max(spec.settle, spec.poll_interval)
                            : spec.poll_interval;
  const TimePoint until = *effects.would_start + wait;
  if (now >= until) return std::nullopt;
  return Settling{fmt::format("would have started a worker {} ago; observing only",
                              format_duration(now - *effects.would_start)),
                  until};
}

std::string settling_text(const Effects& effects, TimePoint needed, TimePoint now) {
  if (now < needed) {
    return fmt::format("{} has been ready for {}; its effect is awaited for another {}",
                       effects.last_ready_worker, format_duration(now - *effects.last_ready),
                       format_duration(needed - now));
  }
  return fmt::format("waiting for a reading taken after {} became ready",
                     effects.last_ready_worker);
}

}  // namespace

bool one_at_a_time(const ScalerSpec& spec, Reason demand) {
  return demand == Reason::oldest_above ||
         (demand == Reason::messages_above && !spec.messages_per_worker);
}

bool may_go_one_at_a_time(const ScalerSpec& spec) {
  return !spec.messages_per_worker || spec.oldest_above;
}

std::optional<Settling> settling(const ScalerSpec& spec, const Demand& demand,
                                 const QueueView& queue, const Effects& effects, TimePoint now) {
  if (auto reported = would_have_started(spec, demand, effects, now)) return reported;
  if (!demand.by_reading()) return std::nullopt;
  const bool single = one_at_a_time(spec, demand.reason);
  if (single && !effects.unready_words.empty()) {
    return Settling{"one at a time: " + effects.unready_words};
  }
  if (!effects.last_ready) return std::nullopt;
  const TimePoint needed = *effects.last_ready + (single ? spec.settle : Duration::zero());
  if (queue.reading->taken_at >= needed) return std::nullopt;
  return Settling{settling_text(effects, needed, now), now < needed ? needed : TimePoint::max(),
                  needed};
}

}  // namespace jobscaler::engine
