#include "rabbitmq/outage.h"

#include <fmt/format.h>

#include "rabbitmq/dial.h"

namespace jobscaler::rabbitmq {

std::optional<std::string> Outage::failed(const std::string& text, TimePoint now) {
  if (!since_) since_ = now;
  ++attempts_;
  if (!told_.insert(text).second) return std::nullopt;
  return text;
}

std::optional<std::string> Outage::recovered(TimePoint now) {
  if (!since_) return std::nullopt;
  auto text = fmt::format("after {} ({} failed attempt{})", seconds_text(now - *since_), attempts_,
                          attempts_ == 1 ? "" : "s");
  *this = Outage{};
  return text;
}

}  // namespace jobscaler::rabbitmq
