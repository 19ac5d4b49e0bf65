#pragma once

#include <string>

#include "jobscaler/clock.h"

namespace jobscaler {

/// A duration as people write it, in at most two units: 250ms, 1.7s, 12s, 3m12s, 5m, 1h5m, 2d3h.
/// Rounded down, so that "older than 5m" is never printed of something younger; negative is "0s".
std::string format_duration(Duration duration);

}  // namespace jobscaler
