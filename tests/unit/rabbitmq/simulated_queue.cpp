#include "simulated_queue.h"

#include <algorithm>
#include <utility>

namespace jobscaler::rabbitmq::test {
namespace {

constexpr Duration kStep = std::chrono::milliseconds(50);
constexpr double kStepSeconds = 0.05;

}  // namespace

SimulatedQueue::SimulatedQueue(World world, std::uint32_t seed) : world_(world), random_(seed) {
  ttl_ = uniform(2, 60);
  churn_ = random_() % 2 == 0 ? 0.05 : 0.005;
  limit_ = 5 + random_() % 100;
  next_told_ = now_ + uniform(0, std::chrono::duration<double>(world_.statistics_interval).count());
  next_publish_stats_ = now_ + uniform(0, 5);
  next_size_stats_ = now_ + uniform(0, 5);
  next_redeliver_stats_ = now_ + uniform(0, 5);
  change_mood();
  const auto existing = random_() % 3 == 0 ? random_() % 50 : 0;
  for (unsigned i = 0; i < existing; ++i) publish();
}

void SimulatedQueue::run_until(TimePoint when) {
  while (now_ + kStep <= when) {
    now_ += kStep;
    step();
  }
}

std::optional<Duration> SimulatedQueue::true_age() const {
  if (ready_.empty()) return std::nullopt;
  const auto oldest = std::min_element(
      ready_.begin(), ready_.end(),
      [](const Message& a, const Message& b) { return a.published < b.published; });
  return now_ - oldest->published;
}

void SimulatedQueue::let_consumer_join() {
  if (!std::exchange(unseen_end_, false) && consumers_.size() < 5 && random_() % 5 == 0) {
    consumers_.push_back({1 + random_() % 10, uniform(0.02, 4), {}, now_});
  }
}

QueueStats SimulatedQueue::stats() const {
  QueueStats stats = shown_;
  stats.priorities = world_.priorities;
  return stats;
}

void SimulatedQueue::step() {
  if (chance(0.03)) change_mood();
  for (double expected = rate_ * kStepSeconds; expected > 0; expected -= 1) {
    if (std::uniform_real_distribution<>(0, 1)(random_) < expected) publish();
  }
  drop_old();
  for (auto& consumer : consumers_) consume(consumer);
  if (world_.consumers_die && !consumers_.empty() && chance(churn_)) {
    kill_consumer(random_() % consumers_.size());
  }
  if (!consumers_.empty() && consumers_.back().in_hand.empty() && chance(churn_)) {
    consumers_.pop_back();  // a worker that ended properly
    unseen_end_ = true;
  }
  if (world_.purges && chance(0.01)) ready_.clear();
  if (world_.restarts && chance(0.005)) restart();
  make_statistics();
}

void SimulatedQueue::change_mood() {
  static constexpr double kRates[] = {0, 0, 0.2, 2, 10, 60};
  rate_ = kRates[random_() % std::size(kRates)];
}

void SimulatedQueue::publish() {
  ready_.push_back({now_, next_order_++});
  if (!world_.uncounted || random_() % 4 != 0) ++published_;
}

void SimulatedQueue::drop_old() {
  while (world_.expiry && !ready_.empty() && now_ - ready_.front().published > ttl_) {
    ready_.pop_front();
  }
  while (world_.length_limit && ready_.size() > limit_) ready_.pop_front();
}

void SimulatedQueue::consume(Consumer& consumer) {
  while (!ready_.empty() && consumer.in_hand.size() < consumer.prefetch) {
    const Message message = world_.priorities ? ready_.back() : ready_.front();
    world_.priorities ? ready_.pop_back() : ready_.pop_front();
    if (std::erase(put_back_, message.order) > 0) ++redelivered_;
    consumer.in_hand.push_back(message);
  }
  if (consumer.in_hand.empty() || now_ < consumer.busy_until) return;
  consumer.busy_until = now_ + consumer.work;
  const auto done =
      consumer.in_hand.begin() + static_cast<std::ptrdiff_t>(random_() % consumer.in_hand.size());
  const Message message = *done;
  consumer.in_hand.erase(done);
  if (world_.nacks && random_() % 10 == 0) put_back(message);
}

void SimulatedQueue::put_back(Message message) {
  put_back_.push_back(message.order);
  if (world_.requeue_to_tail) {
    ready_.push_back(message);
    return;
  }
  const auto place =
      std::upper_bound(ready_.begin(), ready_.end(), message,
                       [](const Message& a, const Message& b) { return a.order < b.order; });
  ready_.insert(place, message);
}

void SimulatedQueue::kill_consumer(std::size_t index) {
  const Consumer dead = consumers_[index];
  consumers_.erase(consumers_.begin() + static_cast<std::ptrdiff_t>(index));
  for (const Message& message : dead.in_hand) put_back(message);
  unseen_end_ = true;
}

void SimulatedQueue::restart() {
  while (!consumers_.empty()) kill_consumer(0);
  published_ = 0;
  redelivered_ = 0;
  told_ = {};
  shown_ = {};
  restarted_ = true;
}

void SimulatedQueue::make_statistics() {
  if (now_ >= next_told_) {
    next_told_ = now_ + world_.statistics_interval;
    tell_sizes();
  }
  if (now_ >= next_publish_stats_) {
    next_publish_stats_ = now_ + uniform(5, 5.5);
    if (published_ > 0) shown_.published = published_;
  }
  if (now_ >= next_redeliver_stats_) {
    next_redeliver_stats_ = now_ + uniform(5, 5.5);
    if (redelivered_ > 0) shown_.redelivered = redelivered_;
  }
  if (now_ < next_size_stats_) return;
  next_size_stats_ = now_ + uniform(5, 5.5);
  shown_.ready = told_.ready;
  shown_.unacknowledged = told_.unacknowledged;
  shown_.messages = told_.messages;
  shown_.head_timestamp = told_.head_timestamp;
}

void SimulatedQueue::tell_sizes() {
  told_ = {};
  told_.ready = ready();
  told_.unacknowledged = 0;
  std::optional<TimePoint> head;
  if (!ready_.empty()) head = ready_.front().published;
  for (const auto& consumer : consumers_) {
    *told_.unacknowledged += static_cast<std::int64_t>(consumer.in_hand.size());
    for (const auto& message : consumer.in_hand) {
      head = std::min(head.value_or(message.published), message.published);
    }
  }
  told_.messages = *told_.ready + *told_.unacknowledged;
  if (head && !world_.requeue_to_tail) {
    told_.head_timestamp =
        std::chrono::floor<std::chrono::seconds>(head->time_since_epoch()).count();
  }
}

bool SimulatedQueue::chance(double per_second) {
  return std::uniform_real_distribution<>(0, 1)(random_) < per_second * kStepSeconds;
}

Duration SimulatedQueue::uniform(double low_seconds, double high_seconds) {
  const double seconds = std::uniform_real_distribution<>(low_seconds, high_seconds)(random_);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace jobscaler::rabbitmq::test
