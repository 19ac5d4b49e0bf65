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

  void set_spacing(Duration spacing) { spacing_ = spacing; }

  void take(std::int64_t ready, std::int64_t consumers, TimePoint asked);

  /// A reading failed: the row is broken.
  void interrupted();

  /// The last sample is one of the first two zeros after a non-zero. Scaling decisions have to
  /// wait. A first zero with nothing before it is believed.
  bool unconfirmed() const { return after_non_zero_ && !zeros_.empty(); }

  /// The last sample says "0 messages, 0 consumers", and at or after this moment that was true.
  std::optional<TimePoint> deserted_after() const;

 private:
  static constexpr std::size_t kEnough = 3;

  /// The last three times of a row, those that come faster than the spacing left out.
  using Row = std::deque<TimePoint>;
  void add(Row& row, TimePoint asked) const;

  Duration spacing_;
  bool after_non_zero_ = false;
  Row zeros_;     // 0 messages
  Row deserted_;  // 0 messages, 0 consumers
};

}  // namespace jobscaler::rabbitmq
