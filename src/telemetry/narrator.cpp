#include "telemetry/narrator.h"

#include <fmt/format.h>

namespace jobscaler::telemetry {
namespace {

/// Holds every healthy ramp goes through, often for milliseconds.
bool is_passing(Reason reason) {
  switch (reason) {
    case Reason::workers_unknown:
    case Reason::enough_workers:
    case Reason::create_unanswered:
    case Reason::waiting_for_ready:
    case Reason::settling:
      return true;
    default:
      return false;
  }
}

/// Nothing is wanted or nothing is to be done: not worth repeating.
bool is_rest(Reason reason) {
  return reason == Reason::paused || reason == Reason::not_leader ||
         reason == Reason::below_threshold;
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

std::vector<std::pair<std::string, std::string>> fields_of(const Decision& decision) {
  std::vector<std::pair<std::string, std::string>> fields;
  fields.emplace_back("start", decision.start ? "true" : "false");
  if (decision.observe) fields.emplace_back("observe", "true");
  if (!decision.worker.empty()) fields.emplace_back("worker", json_string(decision.worker));
  const WorkerCounts& workers = decision.workers;
  fields.emplace_back(
      "workers",
      fmt::format(R"({{"requested":{},"pending":{},"starting":{},"ready":{},"stuck":{}}})",
                  workers.requested, workers.pending, workers.starting, workers.ready,
                  workers.stuck));
  fields.emplace_back("max", fmt::to_string(decision.max_workers));
  if (!decision.reading) return fields;
  const Reading& reading = *decision.reading;
  fields.emplace_back("waiting", fmt::to_string(reading.waiting));
  if (reading.in_flight) fields.emplace_back("in_flight", fmt::to_string(*reading.in_flight));
  if (reading.oldest) {
    fields.emplace_back("oldest_seconds", fmt::format("{:.3f}", seconds(reading.oldest->age)));
    fields.emplace_back("oldest_method", fmt::format("\"{}\"", to_string(reading.oldest->method)));
  }
  return fields;
}

}  // namespace

Level level_of(Reason reason) {
  switch (reason) {
    case Reason::workers_unknown:
    case Reason::source_unavailable:
    case Reason::template_refused:
    case Reason::name_taken:
    case Reason::quota_exceeded:
    case Reason::cluster_refused:
    case Reason::backing_off:
    case Reason::at_capacity:
      return Level::warn;
    default:
      return Level::info;
  }
}

bool Narrator::worth_a_line(const Decision& decision, const Told& told) {
  if (decision.start) return true;
  bool changed = told.printed != decision.reason;
  if (changed) {
    // A trouble that has been told of must be seen to end, passing or not.
    bool recovered = told.printed && level_of(*told.printed) == Level::warn;
    // A scaler begins before its first reading comes.
    bool beginning = !told.printed && decision.reason == Reason::source_unavailable;
    bool passing = beginning || is_passing(decision.reason);
    return recovered || !passing || decision.at - told.since >= kPatience;
  }
  Duration silence = decision.at - told.printed_at;
  return silence >= (is_rest(decision.reason) ? kHeartbeat : kRepeat);
}

LogLine Narrator::narrate(const Decision& decision) {
  auto [entry, first] = told_.try_emplace(decision.scaler);
  Told& told = entry->second;
  if (first || told.reason != decision.reason || decision.start) {
    told.reason = decision.reason;
    told.since = decision.at;
  }
  bool printed = worth_a_line(decision, told);
  if (printed) {
    told.printed = decision.reason;
    told.printed_at = decision.at;
  }
  return {.level = printed ? level_of(decision.reason) : Level::debug,
          .subject = decision.scaler,
          .reason = std::string(to_string(decision.reason)),
          .text = decision.text,
          .fields = fields_of(decision)};
}

}  // namespace jobscaler::telemetry
