#pragma once

#include <time.h>

#include <chrono>

namespace jobscaler {

/// Time since boot, suspended time included (CLOCK_BOOTTIME): a daemon that was frozen or whose
/// machine slept wakes up to an old decision that looks as old as it is. The engine never reads
/// it; every function that depends on time is handed `now`.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
    timespec ts{};
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return time_point(std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec));
  }
};

using Duration = BootClock::duration;
using TimePoint = BootClock::time_point;

}  // namespace jobscaler
