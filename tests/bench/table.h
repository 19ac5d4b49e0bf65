#pragma once

#include <optional>
#include <string>

namespace jobscaler::bench {

/// The printed table. Rows appear as they are measured.
class Table {
 public:
  Table();

  /// One line. `unit` follows both numbers; without a target the row only informs.
  void row(const std::string& what, double measured, std::optional<double> at_most,
           const std::string& unit);

  /// Why rows are missing.
  void skipped(const std::string& what, const std::string& why);

  bool all_within_target() const { return over_ == 0; }

 private:
  int over_ = 0;
};

}  // namespace jobscaler::bench
