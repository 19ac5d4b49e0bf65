#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "jobscaler/clock.h"

namespace jobscaler::engine {

/// What decides which of several scalers is served first.
struct Claim {
  std::size_t scaler = 0;      ///< index, so that equals keep the configuration's order
  TimePoint last_served{};     ///< when it last got a worker; earliest for never
  std::int64_t waiting = 0;    ///< messages, 0 if unknown
  std::int64_t threshold = 0;  ///< messagesAbove, 0 if not set
};

/// Whoever was served least recently goes first, ties by waiting / (threshold + 1): a huge or a
/// broken queue starves nobody.
bool goes_before(const Claim& a, const Claim& b);

}  // namespace jobscaler::engine
