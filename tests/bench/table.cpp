#include "bench/table.h"

#include <fmt/format.h>

#include <cstdio>

namespace jobscaler::bench {

Table::Table() {
  fmt::print("{:<66} {:>14} {:>14}\n", "", "measured", "at most");
}

void Table::row(const std::string& what, double measured, std::optional<double> at_most,
                const std::string& unit) {
  bool over = at_most && measured > *at_most;
  over_ += over;
  std::string target = at_most ? fmt::format("{:.6g} {}", *at_most, unit) : "";
  fmt::print("{:<66} {:>14} {:>14}  {}\n", what, fmt::format("{:.3g} {}", measured, unit), target,
             !at_most ? ""
             : over   ? "over"
                      : "PASS");
  std::fflush(stdout);
}

void Table::skipped(const std::string& what, const std::string& why) {
  fmt::print("{:<66} skipped: {}\n", what, why);
  std::fflush(stdout);
}

}  // namespace jobscaler::bench
