#include "jobscaler/format.h"

#include <fmt/format.h>

namespace jobscaler {
namespace {

std::string two_units(long long big, const char* big_unit, long long small,
                      const char* small_unit) {
  if (small == 0) return fmt::format("{}{}", big, big_unit);
  return fmt::format("{}{}{}{}", big, big_unit, small, small_unit);
}

}  // namespace

std::string format_duration(Duration duration) {
  const long long ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms <= 0) return "0s";
  if (ms < 1000) return fmt::format("{}ms", ms);
  const long long s = ms / 1000;
  const long long tenths = ms % 1000 / 100;
  if (s < 10 && tenths != 0) return fmt::format("{}.{}s", s, tenths);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return two_units(s / 60, "m", s % 60, "s");
  if (s < 86400) return two_units(s / 3600, "h", s / 60 % 60, "m");
  return two_units(s / 86400, "d", s / 3600 % 24, "h");
}

}  // namespace jobscaler
