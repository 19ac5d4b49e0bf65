#include <array>

#include "jobscaler/engine.h"

namespace jobscaler {
namespace {

constexpr std::array kReasons = {
    Reason::paused,
    Reason::not_leader,
    Reason::workers_unknown,
    Reason::below_min,
    Reason::source_unavailable,
    Reason::below_threshold,
    Reason::messages_above,
    Reason::oldest_above,
    Reason::template_refused,
    Reason::name_taken,
    Reason::quota_exceeded,
    Reason::cluster_refused,
    Reason::backing_off,
    Reason::at_max,
    Reason::enough_workers,
    Reason::create_unanswered,
    Reason::at_capacity,
    Reason::waiting_for_ready,
    Reason::settling,
};

}  // namespace

std::span<const Reason> all_reasons() {
  return kReasons;
}

std::string_view to_string(Reason reason) {
  switch (reason) {
    case Reason::paused:
      return "paused";
    case Reason::not_leader:
      return "not_leader";
    case Reason::workers_unknown:
      return "workers_unknown";
    case Reason::below_min:
      return "below_min";
    case Reason::source_unavailable:
      return "source_unavailable";
    case Reason::below_threshold:
      return "below_threshold";
    case Reason::messages_above:
      return "messages_above";
    case Reason::oldest_above:
      return "oldest_above";
    case Reason::template_refused:
      return "template_refused";
    case Reason::name_taken:
      return "name_taken";
    case Reason::quota_exceeded:
      return "quota_exceeded";
    case Reason::cluster_refused:
      return "cluster_refused";
    case Reason::backing_off:
      return "backing_off";
    case Reason::at_max:
      return "at_max";
    case Reason::enough_workers:
      return "enough_workers";
    case Reason::create_unanswered:
      return "create_unanswered";
    case Reason::at_capacity:
      return "at_capacity";
    case Reason::waiting_for_ready:
      return "waiting_for_ready";
    case Reason::settling:
      return "settling";
  }
  return "?";
}

std::string_view to_string(Level level) {
  switch (level) {
    case Level::debug:
      return "DEBUG";
    case Level::info:
      return "INFO";
    case Level::warn:
      return "WARN";
    case Level::error:
      return "ERROR";
  }
  return "?";
}

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::requested:
      return "requested";
    case Phase::pending:
      return "pending";
    case Phase::starting:
      return "starting";
    case Phase::ready:
      return "ready";
    case Phase::succeeded:
      return "succeeded";
    case Phase::failed:
      return "failed";
    case Phase::stuck:
      return "stuck";
  }
  return "?";
}

std::string_view to_string(AgeMethod method) {
  switch (method) {
    case AgeMethod::timestamp:
      return "timestamp";
    case AgeMethod::arrivals:
      return "arrivals";
    case AgeMethod::bound:
      return "bound";
    case AgeMethod::record:
      return "record";
  }
  return "?";
}

}  // namespace jobscaler
