#include "rabbitmq/arrival_curve.h"

#include <algorithm>

namespace jobscaler::rabbitmq {
namespace {

constexpr std::size_t kMostPoints = 2048;
constexpr Duration kWaitingSpacing = std::chrono::seconds(1);

}  // namespace

void ArrivalCurve::take_published(std::optional<std::int64_t> published, TimePoint asked,
                                  TimePoint answered) {
  if (blind_until_ && asked < *blind_until_) return;
  if (!published || (published_ && *published < *published_)) interrupted(answered);
  published_ = published;
  if (!published) return;
  if (!start_) start_ = Start{*published, answered};
  settle(asked - lag_);
  if (blind_until_ && asked - lag_ >= *blind_until_) keep({*published, asked - lag_});
}

void ArrivalCurve::take_waiting(std::int64_t waiting, TimePoint answered) {
  if (!blind_until_) blind_until_ = answered;  // what had been put back before is not known
  if (!unsettled_.empty() && answered - unsettled_.back().when < kWaitingSpacing) return;
  unsettled_.push_back({waiting, answered});
  if (unsettled_.size() > kMostPoints) unsettled_.pop_front();
}

void ArrivalCurve::requeued(TimePoint when) {
  points_.clear();
  blind_until_ = std::max(blind_until_.value_or(when), when);
}

void ArrivalCurve::interrupted(TimePoint when) {
  requeued(when);  // a restarted broker has put everything back that was in work
  start_.reset();
  published_.reset();
  settled_.reset();
  unsettled_.clear();
}

std::optional<TimePoint> ArrivalCurve::head_after(std::int64_t waiting) const {
  if (!published_) return std::nullopt;
  const auto beyond = std::upper_bound(
      points_.begin(), points_.end(), *published_ - waiting,
      [](std::int64_t count, const Point& point) { return count < point.published; });
  if (beyond == points_.begin()) return std::nullopt;
  return std::prev(beyond)->after;
}

std::optional<Duration> ArrivalCurve::at_least(TimePoint earliest) const {
  if (!settled_ || !start_ || !published_) return std::nullopt;
  if (settled_->when <= start_->before || settled_->when < earliest) return std::nullopt;
  if (settled_->count <= *published_ - start_->published) return std::nullopt;
  return settled_->when - start_->before;
}

void ArrivalCurve::settle(TimePoint counted_until) {
  while (!unsettled_.empty() && unsettled_.front().when <= counted_until) {
    settled_ = unsettled_.front();
    unsettled_.pop_front();
  }
}

void ArrivalCurve::keep(Point point) {
  if (!points_.empty() && points_.back().published == point.published) {
    points_.back().after = point.after;  // says more: still none beyond it
    return;
  }
  points_.push_back(point);
  if (points_.size() <= kMostPoints) return;
  // Every second one is enough: ages only become coarser.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < points_.size(); i += 2) points_[kept++] = points_[i];
  points_.resize(kept);
}

}  // namespace jobscaler::rabbitmq
