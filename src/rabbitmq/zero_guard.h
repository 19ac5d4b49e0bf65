#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "jobscaler/clock.h"

namespace jobscaler::rabbitmq {

/// Tells zeros that may be believed from those that may not: a quorum queue answers "0 messages, 0
/// consumers" while it has no leader or its leader does not answer within 250 ms.
///
/// Of three such answers in a row at least one is taken to be true. Answers that come faster than
/// `spacing` count once: three readings within one leader election are one observation.
class ZeroGuard {
 public:
  explicit ZeroGuard(Duration spacing) : spacing_(spacing) {}

  void take(std::int64_t ready, std::int64_t consumers, TimePoint asked);

  /// A reading failed: the row is broken.
  void interrupted();

  /// The last sample is one of the first two zeros after a non-zero. Scaling decisions have to
  /// wait. A first zero with nothing before it is believed.
  bool unconfirmed() const { return after_non_zero_ && zeros_ > 0; }

  /// The last three samples are zeros.
  bool confirmed_zero() const { return zeros_ == kEnough; }

  /// The last sample says "0 messages, 0 consumers", and at or after this moment that was true.
  std::optional<TimePoint> deserted_after() const;

 private:
  static constexpr int kEnough = 3;

  Duration spacing_;
  bool after_non_zero_ = false;
  int zeros_ = 0;
  TimePoint counted_{};
  std::deque<TimePoint> deserted_;  // the last three of a row of (0, 0)
};

}  // namespace jobscaler::rabbitmq
