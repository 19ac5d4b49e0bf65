#include "kafka/episode.h"

#include "jobscaler/format.h"

namespace jobscaler::kafka {

std::optional<std::string> Episode::holds(const std::string& text, TimePoint now) {
  if (!since_) since_ = now;
  if (!told_.insert(text).second) return std::nullopt;
  return text;
}

std::optional<std::string> Episode::over(TimePoint now) {
  if (!since_) return std::nullopt;
  auto text = "after " + format_duration(now - *since_);
  *this = Episode{};
  return text;
}

}  // namespace jobscaler::kafka
