#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "bench/queues.h"
#include "bench/rows.h"
#include "bench/samples.h"
#include "rabbitmq/connection.h"

namespace jobscaler::bench {
namespace {

constexpr int kQueues = 1000;
constexpr int kPolls = 30;
constexpr double kTargetMs = 100;
constexpr auto kPatience = std::chrono::seconds(30);

std::string queue_name(int number) {
  return fmt::format("bench-poll-{}", number);
}

/// Counts the readings that come.
class Readings : public Outbox {
 public:
  void post(Event event) override {
    const auto* taken = std::get_if<event::ReadingTaken>(&event);
    std::lock_guard lock(mutex_);
    if (taken == nullptr) return;
    ++count_;
    if (!taken->reading.ok()) trouble_ = taken->reading.error().message;
    changed_.notify_all();
  }
  void post(Note) override {}

  void expect(int count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return count_ >= count; })) {
      throw std::runtime_error(fmt::format("{} of {} readings came", count_, count));
    }
    count_ = 0;
  }

  /// What the last failed reading said; empty if all were good. Forgets it.
  std::string take_trouble() {
    std::lock_guard lock(mutex_);
    return std::exchange(trouble_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
  std::string trouble_;
};

Duration poll(rabbitmq::Connection& connection, Readings& readings) {
  TimePoint begin = BootClock::now();
  for (int i = 0; i < kQueues; ++i) connection.read(queue_name(i));
  readings.expect(kQueues);
  return BootClock::now() - begin;
}

/// Polls until every reading is good: the connection answers with errors until it is up.
void wait_until_connected(rabbitmq::Connection& connection, Readings& readings) {
  for (TimePoint deadline = BootClock::now() + kPatience; BootClock::now() < deadline;) {
    poll(connection, readings);
    if (readings.take_trouble().empty()) return;
  }
  throw std::runtime_error("the readings keep failing");
}

}  // namespace

void poll_queues(Table& table, const Bench& bench) {
  Queues broker(bench.amqp_port);
  std::vector<rabbitmq::Queue> queues;
  for (int i = 0; i < kQueues; ++i) {
    broker.declare(queue_name(i));
    queues.push_back({.scaler = queue_name(i), .queue = queue_name(i)});
  }
  Samples samples;
  {
    Readings readings;
    rabbitmq::Connection connection(Queues::settings(bench.amqp_port), queues, readings);
    wait_until_connected(connection, readings);
    for (int i = 0; i < kPolls; ++i) samples.add(poll(connection, readings));
    if (std::string trouble = readings.take_trouble(); !trouble.empty()) {
      throw std::runtime_error(trouble);
    }
  }
  for (const rabbitmq::Queue& queue : queues) broker.remove(queue.queue);
  std::string what = fmt::format("one AMQP poll of {} queues ({} polls): ", kQueues, kPolls);
  table.row(what + "p50", milliseconds(samples.percentile(50)), kTargetMs, "ms");
  table.row(what + "max", milliseconds(samples.max()), kTargetMs, "ms");
}

}  // namespace jobscaler::bench
