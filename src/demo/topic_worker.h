#pragma once

#include <chrono>

#include "demo/options.h"
#include "demo/shift.h"

namespace jobscaler::demo {

/// The reference worker on Kafka, until it is told to stop or idle. It is idle, too, if the group
/// has no partition for it. It passes each record on, if it is told where to, before it commits it.
/// A broker that does not answer is waited for as long as `patience`. Throws as work() does.
void work_on_topic(const WorkOnTopic& source, std::chrono::milliseconds patience, Shift& shift);

}  // namespace jobscaler::demo
