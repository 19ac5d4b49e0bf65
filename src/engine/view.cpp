#include "engine/view.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobscaler/format.h"

namespace jobscaler::engine {

void View::listed(TimePoint asked_at) {
  listed_ = true;
  if (asked_at >= gap_end_) caught_up_at_ = TimePoint{};
}

void View::watch_up(TimePoint now) {
  if (!down_since_) return;
  blind_since_ = *down_since_;
  gap_end_ = now;
  caught_up_at_ = now + kCatchUp;
  frozen_ = false;
  down_since_.reset();
  words_.clear();
}

void View::watch_down(TimePoint since, std::string words) {
  if (!down_since_) down_since_ = since;
  words_ = std::move(words);
}

void View::tick(TimePoint now, TimePoint last, TimePoint expected) {
  if (now - std::max(last, expected) <= kFrozen) return;
  blind_since_ = last;
  gap_end_ = now;
  caught_up_at_ = now + kCatchUp;
  frozen_ = true;
}

std::optional<std::string> View::unknown(TimePoint now) const {
  if (!marks_loaded_) return "the names' high-water marks have not been read from our Lease yet";
  if (!listed_) return "the workers have not been listed yet";
  if (down_since_ && now - *down_since_ >= kWatchDeadline) {
    return fmt::format("the watch on the workers has been down for {}{}{}",
                       format_duration(now - *down_since_), words_.empty() ? "" : ": ", words_);
  }
  if (frozen_ && catching_up(now)) {
    return fmt::format("this daemon was stopped for {} and is catching up",
                       format_duration(gap_end_ - blind_since_));
  }
  return std::nullopt;
}

TimePoint View::sight(TimePoint now) const {
  if (down_since_) return std::min(now, *down_since_);
  return catching_up(now) ? std::min(now, blind_since_) : now;
}

TimePoint View::changes_at(TimePoint now) const {
  TimePoint next = TimePoint::max();
  if (down_since_ && now - *down_since_ < kWatchDeadline) next = *down_since_ + kWatchDeadline;
  if (catching_up(now)) next = std::min(next, caught_up_at_);
  return next;
}

}  // namespace jobscaler::engine
