#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <vector>

#include "jobscaler/clock.h"

namespace jobscaler::scenario {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

/// Virtual time: what is to happen, in order. Things due at the same instant happen in the order in
/// which they were planned, so a run depends on nothing but its seed.
class World {
 public:
  explicit World(std::uint64_t seed = 1) : random_(seed) {}

  TimePoint now() const { return now_; }
  /// Since the world began.
  Duration elapsed() const { return now_ - kBegin; }
  void at(TimePoint when, std::function<void()> what);
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  void run_for(Duration duration);
  /// Runs until `done` holds; false if it does not within `limit`.
  bool run_until(const std::function<bool()>& done, Duration limit);

  std::mt19937_64& random() { return random_; }
  /// Uniform in [0, n).
  std::uint64_t pick(std::uint64_t n) { return random_() % n; }
  bool chance(double probability);

 private:
  static constexpr TimePoint kBegin{seconds(1'000'000)};

  struct Item {
    TimePoint when;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Item& other) const {
      return when != other.when ? when > other.when : order > other.order;
    }
  };

  void run_next();

  TimePoint now_ = kBegin;
  std::uint64_t planned_ = 0;
  std::priority_queue<Item> agenda_;
  std::mt19937_64 random_;
};

}  // namespace jobscaler::scenario
