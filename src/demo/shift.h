#pragma once

#include <csignal>
#include <string>

#include "demo/message.h"
#include "demo/options.h"
#include "demo/report.h"

namespace jobscaler::demo {

/// What a worker does whatever broker its messages come from: it says and reports them, and knows
/// when it is time to leave.
class Shift {
 public:
  /// Throws std::runtime_error if the report cannot be opened. Both must outlive it.
  Shift(const WorkOptions& options, const volatile std::sig_atomic_t& stop);

  bool told_to_stop() const { return stop_ != 0; }

  /// Says which message is in hand, and crashes if told to by --fail-on. Returns when the work on
  /// it ends. `note` is appended to what is said.
  Clock::time_point begin(const std::string& id, std::chrono::milliseconds asked,
                          const std::string& note = "") const;
  /// Adds it to the report. Throws std::runtime_error if that cannot be written.
  void report(const std::string& id) { report_.add(id); }
  /// The message is done for good, and idle time begins.
  void end();

  /// Idle time begins anew.
  void rest() { idle_since_ = Clock::now(); }
  Clock::time_point idle_until() const;
  bool idle() const { return Clock::now() >= idle_until(); }

  /// Says why the worker leaves and what it has done.
  void farewell() const;

 private:
  const WorkOptions& options_;
  const volatile std::sig_atomic_t& stop_;
  Report report_;
  Clock::time_point idle_since_;
  int processed_ = 0;
};

/// How long a worker waits at most before it looks whether it was told to stop.
inline constexpr std::chrono::milliseconds kStopLatency{50};

}  // namespace jobscaler::demo
