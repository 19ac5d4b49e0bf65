#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "jobscaler/clock.h"

namespace jobscaler::rabbitmq {

/// Pauses between attempts to connect: 0.5 s doubling to 30 s, each shortened by up to half at
/// random, so that many daemons do not come back to a restarted broker in step.
class Backoff {
 public:
  explicit Backoff(std::uint32_t seed) : random_(seed) {}

  Duration next() {
    const Duration full = pause_;
    pause_ = std::min<Duration>(2 * pause_, kLongest);
    return std::chrono::duration_cast<Duration>(full * share_(random_));
  }
  void reset() { pause_ = kShortest; }

 private:
  static constexpr Duration kShortest = std::chrono::milliseconds(500);
  static constexpr Duration kLongest = std::chrono::seconds(30);

  Duration pause_ = kShortest;
  std::minstd_rand random_;
  std::uniform_real_distribution<double> share_{0.5, 1.0};
};

}  // namespace jobscaler::rabbitmq
