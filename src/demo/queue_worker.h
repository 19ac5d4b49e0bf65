#pragma once

#include <chrono>

#include "demo/options.h"
#include "demo/shift.h"

namespace jobscaler::demo {

/// The reference worker on RabbitMQ, until it is told to stop or idle. A lost connection is made
/// anew for as long as `patience`; the message in hand is then dropped, as the broker gives it to
/// somebody anyway. Throws as work() does.
void work_on_queue(const WorkOnQueue& source, std::chrono::milliseconds patience, Shift& shift);

}  // namespace jobscaler::demo
