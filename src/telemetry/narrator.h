#pragma once

#include <map>
#include <optional>
#include <string>

#include "telemetry/log.h"

namespace jobscaler::telemetry {

/// Chooses which decisions become log lines: what people tail must say everything once and nothing
/// twice. Pure; the caller passes every decision in order.
///
/// - A start is always a line.
/// - A hold is a line when its reason changes. Holds that belong to a healthy ramp (waiting for a
///   pod, settling, ...) become one only once they have stood for kPatience. So does that a scaler
///   which has just begun has no reading.
/// - A standing hold that keeps a wanted worker from being started is repeated every kRepeat.
/// - Everything else is silence, but for one line per scaler every kHeartbeat.
class Narrator {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(5);
  static constexpr Duration kRepeat = std::chrono::minutes(1);
  static constexpr Duration kHeartbeat = std::chrono::minutes(10);

  /// The line for this decision. What is not worth one comes back at level debug.
  LogLine narrate(const Decision& decision);

  /// The scaler begins anew: what was told of it is no measure of what is worth telling.
  void forget(const std::string& scaler) { told_.erase(scaler); }

 private:
  struct Told {
    Reason reason = Reason::workers_unknown;  ///< of the last decision
    TimePoint since{};                        ///< when that reason began
    std::optional<Reason> printed;            ///< reason of the last line
    TimePoint printed_at{};
  };

  static bool worth_a_line(const Decision& decision, const Told& told);

  std::map<std::string, Told> told_;  // by scaler
};

/// How alarming a reason is: warn when a person may have to act.
Level level_of(Reason reason);

}  // namespace jobscaler::telemetry
