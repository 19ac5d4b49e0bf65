#include "engine/poller.h"

#include <algorithm>

namespace jobscaler::engine {

void Poller::set_interval(Duration interval, TimePoint now) {
  interval_ = interval;
  regular_ = std::min(regular_, now + interval);
}

void Poller::need(TimePoint at) {
  needed_ = needed_ ? std::min(*needed_, at) : at;
}

TimePoint Poller::next() const {
  const TimePoint wanted = needed_ ? std::min(*needed_, regular_) : regular_;
  return asked_ ? std::max(wanted, *asked_ + kGiveUp * interval_) : wanted;
}

void Poller::asked(TimePoint now) {
  asked_ = now;
  regular_ = now + interval_;
}

void Poller::answered(std::optional<TimePoint> taken_at) {
  asked_.reset();
  // A failed reading is repeated at the regular time: a broken source is not to be hammered.
  if (!taken_at || (needed_ && *taken_at >= *needed_)) needed_.reset();
}

}  // namespace jobscaler::engine
