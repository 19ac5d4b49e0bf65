#pragma once

#include <optional>
#include <set>
#include <string>

#include "jobscaler/clock.h"

namespace jobscaler::rabbitmq {

/// What is worth telling about something that fails for a while: the first failure, each failure of
/// another kind, and the end with how long it took and how often it was tried.
class Outage {
 public:
  /// Returns `text` if it is news.
  std::optional<std::string> failed(const std::string& text, TimePoint now);

  /// Returns "after 12s (7 failed attempts)" if something had failed.
  std::optional<std::string> recovered(TimePoint now);

 private:
  std::optional<TimePoint> since_;
  int attempts_ = 0;
  std::set<std::string> told_;
};

}  // namespace jobscaler::rabbitmq
