#include "rabbitmq/depth_bound.h"

#include <algorithm>

namespace jobscaler::rabbitmq {
namespace {

constexpr std::size_t kMostSamples = 2048;

}  // namespace

void DepthBound::take(TimePoint asked, std::int64_t waiting, bool nobody_has_any) {
  const std::int64_t before = last_.value_or(0);
  increases_ += std::max<std::int64_t>(0, waiting - before);
  decreases_ += std::max<std::int64_t>(0, before - waiting);
  last_ = waiting;
  keep({asked, increases_});
  while (!open_.empty() && open_.front().increases <= decreases_) {
    turned_over_ = open_.front().asked;
    open_.pop_front();
  }
  if (waiting == 0 && nobody_has_any) empty_ = asked;
}

void DepthBound::requeued() {
  open_.clear();
  increases_ = 0;
  decreases_ = 0;
  last_.reset();
  turned_over_.reset();
}

std::optional<TimePoint> DepthBound::since() const {
  if (turned_over_ && empty_) return std::max(*turned_over_, *empty_);
  return turned_over_ ? turned_over_ : empty_;
}

void DepthBound::keep(Sample sample) {
  if (!open_.empty() && open_.back().increases == sample.increases) {
    open_.back().asked = sample.asked;  // qualifies at the same moment, and is later
    return;
  }
  open_.push_back(sample);
  if (open_.size() <= kMostSamples) return;
  // Every second one is enough: the bound only becomes coarser.
  std::size_t kept = 0;
  for (std::size_t i = 1; i < open_.size(); i += 2) open_[kept++] = open_[i];
  if (kept == 0 || open_[kept - 1].increases != sample.increases) open_[kept++] = sample;
  open_.resize(kept);
}

}  // namespace jobscaler::rabbitmq
