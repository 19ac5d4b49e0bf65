#include "engine/view.h"

#include <fmt/format.h>

#include <algorithm>

#include "jobscaler/format.h"

namespace jobscaler::engine {

void View::listed(TimePoint asked_at) {
  listed_ = true;
  listed_at_ = std::max(listed_at_, asked_at);
  if (!gap_) return;
  gap_->since = std::max(gap_->since, asked_at);
  if (gap_->ended && asked_at >= *gap_->ended) gap_.reset();
}

void View::watch_up(TimePoint now) {
  if (gap_ && !gap_->ended) gap_->ended = now;
}

void View::watch_down(TimePoint since, std::string words, TimePoint now) {
  Gap& gap = widen(since, now);
  gap.ended.reset();
  gap.words = std::move(words);
}

void View::tick(TimePoint now, TimePoint last, TimePoint expected) {
  if (now - std::max(last, expected) <= kFrozen) return;
  const bool down = gap_ && !gap_->ended;
  Gap& gap = widen(last, last);
  gap.stopped += now - last;
  if (!down) gap.ended = now;
}

const View::Gap* View::gap_at(TimePoint now) const {
  const bool over = !gap_ || (gap_->ended && now >= gap_->over_at());
  return over ? nullptr : &*gap_;
}

View::Gap& View::widen(TimePoint since, TimePoint now) {
  if (gap_at(now) == nullptr) gap_ = Gap{since, std::nullopt, "", {}};
  gap_->since = std::min(gap_->since, since);
  return *gap_;
}

std::optional<std::string> View::unknown(TimePoint now) const {
  if (!marks_loaded_) return "the names' high-water marks have not been read from our Lease yet";
  if (!listed_) return "the workers have not been listed yet";
  if (is_behind()) {
    return fmt::format("this daemon leads since {}; the workers are not listed yet",
                       format_duration(now - leads_since_));
  }
  const Gap* gap = gap_at(now);
  if (gap == nullptr) return std::nullopt;
  if (!gap->ended && gap->is_long(now)) {
    return fmt::format("the watch on the workers has been down for {}{}{}",
                       format_duration(now - gap->since), gap->words.empty() ? "" : ": ",
                       gap->words);
  }
  if (gap->stopped > Duration::zero()) {
    return fmt::format("this daemon was stopped for {} and is catching up",
                       format_duration(gap->stopped));
  }
  if (!gap->is_long(now)) return std::nullopt;
  return fmt::format("the watch on the workers was down for {}; what it missed is awaited",
                     format_duration(*gap->ended - gap->since));
}

TimePoint View::sight(TimePoint now) const {
  const Gap* gap = gap_at(now);
  const TimePoint seen = is_behind() ? std::min(now, listed_at_) : now;
  return gap == nullptr ? seen : std::min(seen, gap->since);
}

TimePoint View::changes_at(TimePoint now) const {
  const Gap* gap = gap_at(now);
  if (gap == nullptr) return TimePoint::max();
  if (gap->ended) return gap->over_at();
  return gap->is_long(now) ? TimePoint::max() : gap->since + kWatchDeadline;
}

}  // namespace jobscaler::engine
