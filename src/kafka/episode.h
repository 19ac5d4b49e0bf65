#pragma once

#include <optional>
#include <set>
#include <string>

#include "jobscaler/clock.h"

namespace jobscaler::kafka {

/// Something that holds for a while and is told when it begins and when it is over, not in between.
class Episode {
 public:
  /// It holds, in these words. Returns them if they are news in this episode.
  std::optional<std::string> holds(const std::string& text, TimePoint now);

  /// It does not hold. Returns "after 12s" if it did until now.
  std::optional<std::string> over(TimePoint now);

 private:
  std::optional<TimePoint> since_;
  std::set<std::string> told_;
};

}  // namespace jobscaler::kafka
