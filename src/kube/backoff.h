#pragma once

#include <algorithm>
#include <functional>
#include <random>

#include "jobscaler/clock.h"

namespace jobscaler::kube {

/// A number in [0, 1).
using Random = std::function<double()>;

/// Costs nothing until it is called: there is one for every worker that is created.
inline Random real_random() {
  return [] {
    thread_local std::mt19937 engine{std::random_device()()};
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

/// client-go's reflector backoff: 0.8 s doubling to 30 s, each multiplied by 1 to 2 at random.
class Backoff {
 public:
  explicit Backoff(Random random) : random_(std::move(random)) {}

  Duration next() {
    const auto jittered = std::chrono::duration<double>(current_) * (1 + random_());
    current_ = std::min<Duration>(current_ * 2, kLongest);
    return std::min<Duration>(std::chrono::duration_cast<Duration>(jittered), kLongest);
  }
  void reset() { current_ = kFirst; }

 private:
  static constexpr Duration kFirst = std::chrono::milliseconds(800);
  static constexpr Duration kLongest = std::chrono::seconds(30);

  Random random_;
  Duration current_ = kFirst;
};

}  // namespace jobscaler::kube
