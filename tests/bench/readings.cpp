#include "bench/readings.h"

#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace jobscaler::bench {
namespace {

constexpr auto kPatience = std::chrono::seconds(30);

}  // namespace

void Readings::post(Event event) {
  const auto* taken = std::get_if<event::ReadingTaken>(&event);
  std::lock_guard lock(mutex_);
  if (taken == nullptr) return;
  ++count_;
  if (!taken->reading.ok()) trouble_ = taken->reading.error().message;
  changed_.notify_all();
}

Duration Readings::poll(SourcePort& source, const std::vector<std::string>& scalers) {
  TimePoint begin = BootClock::now();
  for (const std::string& scaler : scalers) source.read(scaler);
  expect(scalers.size());
  return BootClock::now() - begin;
}

void Readings::poll_until_good(SourcePort& source, const std::vector<std::string>& scalers) {
  for (TimePoint deadline = BootClock::now() + kPatience; BootClock::now() < deadline;) {
    poll(source, scalers);
    if (take_trouble().empty()) return;
  }
  throw std::runtime_error("the readings keep failing");
}

void Readings::need_good() {
  if (std::string trouble = take_trouble(); !trouble.empty()) throw std::runtime_error(trouble);
}

void Readings::expect(std::size_t count) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return count_ >= count; })) {
    throw std::runtime_error(fmt::format("{} of {} readings came", count_, count));
  }
  count_ = 0;
}

std::string Readings::take_trouble() {
  std::lock_guard lock(mutex_);
  return std::exchange(trouble_, {});
}

}  // namespace jobscaler::bench
