#include "engine/demand.h"

#include <fmt/format.h>

#include "engine/texts.h"
#include "jobscaler/format.h"

namespace jobscaler::engine {
namespace {

bool messages_crossed(const ScalerSpec& spec, const Reading& reading) {
  return spec.messages_above && reading.waiting > *spec.messages_above;
}

bool oldest_crossed(const ScalerSpec& spec, const Reading& reading) {
  return spec.oldest_above && reading.waiting > 0 && reading.oldest &&
         reading.oldest->age > *spec.oldest_above;
}

/// "oldest 6m (> 5m)", "oldest <= 4m (bound, not > 5m)"
std::string oldest_text(const ScalerSpec& spec, const Reading& reading, bool with_limit) {
  if (!reading.oldest) return spec.oldest_above && reading.waiting > 0 ? ", oldest unknown" : "";
  std::string text = ", " + age_text(*reading.oldest);
  if (!with_limit || !spec.oldest_above) return text;
  const std::string limit = fmt::format("{}> {}", oldest_crossed(spec, reading) ? "" : "not ",
                                        format_duration(*spec.oldest_above));
  if (text.back() != ')') return fmt::format("{} ({})", text, limit);
  text.pop_back();
  return fmt::format("{}, {})", text, limit);
}

/// "240 waiting (> 100), 20 in flight, oldest 12s": every trigger that was compared shows its
/// limit.
std::string numbers(const ScalerSpec& spec, const Reading& reading, Reason reason) {
  std::string text = fmt::format("{} waiting", reading.waiting);
  if (reading.zero_unconfirmed) text += " (unconfirmed)";
  if (spec.messages_above) {
    text += fmt::format(" ({}> {})", messages_crossed(spec, reading) ? "" : "not ",
                        *spec.messages_above);
  }
  if (reading.in_flight) text += fmt::format(", {} in flight", *reading.in_flight);
  return text + oldest_text(spec, reading, reason != Reason::messages_above);
}

Demand unavailable(std::string why, const WorkerCounts& counts) {
  return {Reason::source_unavailable, false,
          fmt::format("{}; holding at {}", why, workers(counts.unfinished()))};
}

Demand quiet(const ScalerSpec& spec, const Reading& reading, const std::string& last_fault) {
  Demand demand{Reason::below_threshold, false, numbers(spec, reading, Reason::below_threshold)};
  if (!reading.hint.empty()) demand.text += "; " + reading.hint;
  if (!last_fault.empty()) demand.text += "; last worker failed: " + last_fault;
  return demand;
}

}  // namespace

Demand demand_of(const ScalerSpec& spec, const WorkerCounts& counts, const QueueView& queue,
                 const std::string& last_fault, TimePoint now) {
  if (counts.unfinished() < spec.min_workers) {
    return {Reason::below_min, true,
            fmt::format("{} of at least {}", counts.unfinished(), workers(spec.min_workers))};
  }
  if (queue.error) return unavailable(one_line(queue.error->message), counts);
  if (!queue.reading) return unavailable("no reading yet", counts);

  const Reading& reading = *queue.reading;
  const Duration longest = kStaleAfter * spec.poll_interval;
  if (now - reading.taken_at > longest) {
    return unavailable(
        fmt::format("the last reading is {} old", format_duration(now - reading.taken_at)), counts);
  }
  Demand demand;
  if (messages_crossed(spec, reading)) {
    demand = {Reason::messages_above, true, numbers(spec, reading, Reason::messages_above)};
  } else if (oldest_crossed(spec, reading)) {
    demand = {Reason::oldest_above, true, numbers(spec, reading, Reason::oldest_above)};
  } else {
    demand = quiet(spec, reading, last_fault);
  }
  demand.changes_at = reading.taken_at + longest + Duration(1);
  return demand;
}

}  // namespace jobscaler::engine
