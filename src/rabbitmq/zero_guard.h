#pragma once

#include <cstdint>

#include "jobscaler/clock.h"

namespace jobscaler::rabbitmq {

/// Tells zeros that may be believed from those that may not: a quorum queue answers "0 messages, 0
/// consumers" while it has no leader or its leader does not answer within 250 ms.
///
/// Three zeros in a row settle it. Zeros that come faster than `spacing` count once: three readings
/// within one leader election are one observation.
class ZeroGuard {
 public:
  explicit ZeroGuard(Duration spacing) : spacing_(spacing) {}

  void take(std::int64_t ready, TimePoint asked);

  /// A reading failed: the row is broken.
  void interrupted() { zeros_ = 0; }

  /// The last sample is a zero that followed a non-zero and is not settled yet. Scaling decisions
  /// have to wait; a first zero with nothing before it is believed.
  bool unconfirmed() const { return after_non_zero_ && zeros_ > 0; }

  /// The last sample may be used by estimators: not a zero, or a settled one.
  bool settled() const { return zeros_ == 0 || settled_zero(); }
  bool settled_zero() const { return zeros_ == kEnough; }

 private:
  static constexpr int kEnough = 3;

  Duration spacing_;
  bool after_non_zero_ = false;
  int zeros_ = 0;
  TimePoint counted_{};
};

}  // namespace jobscaler::rabbitmq
