#include "rabbitmq/queue_state.h"

#include <fmt/format.h>

#include <algorithm>

namespace jobscaler::rabbitmq {
namespace {

constexpr Duration kThreeCollections = std::chrono::seconds(15);
// Three answers this far apart span more than an election of a quorum queue's leader.
constexpr Duration kLeastSpacing = std::chrono::seconds(4);
// More than this many messages in work per consumer is a prefetch nobody chose.
constexpr std::int64_t kLargePrefetch = 10;

Duration stale_after(Duration poll_interval) {
  return std::max(3 * poll_interval, kThreeCollections);
}
Duration zeros_spacing(Duration poll_interval) {
  return std::max(poll_interval * 9 / 10, kLeastSpacing);
}

void keep_smaller(std::optional<OldestAge>& best, std::optional<OldestAge> other) {
  if (other && (!best || other->age < best->age)) best = other;
}

OldestAge at_most(Duration age, AgeMethod method) {
  return {std::max(age, Duration::zero()), method, OldestAge::Kind::upper_bound};
}

/// In whole seconds: a stamp in milliseconds would overflow a finer clock.
bool in_future(std::int64_t stamp, WallTime now) {
  return stamp > std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
}

}  // namespace

std::optional<OldestAge> timestamp_age(std::int64_t head_timestamp, WallTime now) {
  if (in_future(head_timestamp, now)) return std::nullopt;
  return at_most(now - WallTime(std::chrono::seconds(head_timestamp)), AgeMethod::timestamp);
}

QueueState::QueueState(AgeChoice age, Duration poll_interval, bool expects_stats)
    : age_(age),
      order_(expects_stats ? Order::unknown : Order::by_arrival),
      stale_after_(stale_after(poll_interval)),
      zeros_(zeros_spacing(poll_interval)) {}

void QueueState::set_poll_interval(Duration poll_interval) {
  stale_after_ = stale_after(poll_interval);
  zeros_.set_spacing(zeros_spacing(poll_interval));
}

Reading QueueState::take(const Depth& depth, WallTime now) {
  zeros_.take(depth.ready, depth.consumers, depth.asked);
  watch_consumers(depth);
  watch_depth(depth);
  const StatsSample* sample = fresh(depth.answered);
  Reading reading;
  reading.waiting = depth.ready;
  reading.in_flight = in_flight(sample);
  if (depth.ready > 0) reading.oldest = oldest(depth, now);
  reading.consumers = depth.consumers;
  reading.zero_unconfirmed = zeros_.unconfirmed();
  reading.taken_at = depth.asked;
  reading.hint = hint(depth, now);
  return reading;
}

/// A consumer that goes away leaves what it had in hand to the queue.
void QueueState::watch_consumers(const Depth& depth) {
  if (!consumers_ || depth.consumers < *consumers_) note_requeues(depth.answered);
  // A false "0 messages, 0 consumers" must not hide that one goes away right after it.
  const bool believed = depth.ready > 0 || depth.consumers > 0 || zeros_.deserted_after();
  if (believed) consumers_ = depth.consumers;
}

void QueueState::watch_depth(const Depth& depth) {
  if (depth.ready > 0 || depth.consumers > 0) {
    bound_.take(depth.asked, depth.ready, false);
    arrivals_.take_waiting(depth.ready, depth.answered);
  } else if (const auto when = zeros_.deserted_after()) {
    bound_.take(*when, 0, true);
  }
}

void QueueState::take(const StatsSample& sample) {
  const auto& stats = sample.stats;
  order_ = stats.priorities ? Order::by_priority : Order::by_arrival;
  if (interrupted_ && sample.asked < *interrupted_) return;
  const bool more_redelivered = stats.redelivered && *stats.redelivered > redelivered_.value_or(0);
  if (more_redelivered) note_requeues(sample.answered);
  redelivered_ = stats.redelivered;
  arrivals_.take_published(stats.published, sample.asked, sample.answered);
  sample_ = sample;
}

void QueueState::stats_failed() {
  if (order_ == Order::unknown) order_ = Order::by_arrival;
}

void QueueState::interrupted(TimePoint now) {
  zeros_.interrupted();
  bound_.requeued();
  arrivals_.interrupted(now);
  consumers_.reset();
  sample_.reset();
  interrupted_ = now;
}

void QueueState::note_requeues(TimePoint when) {
  bound_.requeued();
  arrivals_.requeued(when);
}

const StatsSample* QueueState::fresh(TimePoint now) const {
  return sample_ && now - sample_->asked <= stale_after_ ? &*sample_ : nullptr;
}

/// Not when the queue tells it so rarely that what it told may be long out of date.
std::optional<std::int64_t> QueueState::in_flight(const StatsSample* sample) const {
  if (sample == nullptr || !sample->interval) return std::nullopt;
  if (*sample->interval + kCollectionLag > stale_after_) return std::nullopt;
  return sample->stats.unacknowledged;
}

bool QueueState::wanted(AgeChoice method) const {
  return age_ == method || age_ == AgeChoice::automatic;
}

std::optional<OldestAge> QueueState::oldest(const Depth& depth, WallTime now) const {
  const StatsSample* sample = fresh(depth.answered);
  if (sample != nullptr && sample->stats.stream) return std::nullopt;
  if (auto found = upper_bound(depth, now)) return found;
  if (sample == nullptr || !wanted(AgeChoice::arrivals)) return std::nullopt;
  const auto least = arrivals_.at_least(depth.answered - stale_after_ - kCollectionLag);
  if (!least) return std::nullopt;
  return OldestAge{*least, AgeMethod::arrivals, OldestAge::Kind::lower_bound};
}

std::optional<OldestAge> QueueState::upper_bound(const Depth& depth, WallTime now) const {
  const StatsSample* sample = fresh(depth.answered);
  const bool ordered = order_ == Order::by_arrival;
  std::optional<OldestAge> best;
  if (wanted(AgeChoice::bound)) {
    const auto since = ordered ? bound_.since() : bound_.empty_since();
    if (since) best = at_most(depth.answered - *since, AgeMethod::bound);
  }
  if (sample == nullptr || !ordered) return best;
  if (wanted(AgeChoice::timestamp) && sample->stats.head_timestamp) {
    keep_smaller(best, timestamp_age(*sample->stats.head_timestamp, now));
  }
  if (wanted(AgeChoice::arrivals) && !sample->stats.refuses_publishes) {
    const auto after = arrivals_.head_after(depth.ready);
    if (after) keep_smaller(best, at_most(depth.answered - *after, AgeMethod::arrivals));
  }
  return best;
}

std::string QueueState::hint(const Depth& depth, WallTime now) const {
  const StatsSample* sample = fresh(depth.answered);
  if (sample == nullptr) return {};
  const auto& stats = sample->stats;
  if (stats.stream) return "this is a stream: its size is the length of the log, not a backlog";
  const auto in_work = in_flight(sample).value_or(0);
  if (depth.ready == 0 && depth.consumers > 0 && in_work > kLargePrefetch * depth.consumers) {
    return fmt::format(
        "none waiting, {} in flight at {} consumer{}: does your worker set prefetch?", in_work,
        depth.consumers, depth.consumers == 1 ? "" : "s");
  }
  if (age_ != AgeChoice::timestamp || depth.ready == 0) return {};
  if (!stats.head_timestamp) {
    return "no age: the broker tells no timestamp of the head (publishers must set the timestamp "
           "property; quorum queues and messages on disk have none)";
  }
  if (!in_future(*stats.head_timestamp, now)) return {};
  return "no age: the head's timestamp lies in the future: is it in milliseconds (AMQP's are "
         "seconds), or the publisher's clock wrong?";
}

}  // namespace jobscaler::rabbitmq
