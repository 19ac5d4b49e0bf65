#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "jobscaler/engine.h"

namespace jobscaler::engine {

/// How many more workers the backlog has work for; 0 or less: there are enough.
///
/// With the messages in flight known, every message counts and every live worker covers
/// `messages_per_worker` (1 if not set) of them. Without, the messages that ready workers hold are
/// not in the reading, so ready workers do not count either: only the `unfed`, which are not ready
/// yet or became so after the reading was taken.
std::int64_t room_for(const Reading& reading, std::int64_t messages_per_worker, int live,
                      int unfed);

/// Why no more workers are needed, if so. REQUIRES: a reading crossed a trigger.
std::optional<std::string> enough_workers(const ScalerSpec& spec, const Reading& reading, int live,
                                          int unfed);

}  // namespace jobscaler::engine
