#pragma once

#include "config/config.h"
#include "telemetry/log.h"

namespace jobscaler::daemon {

/// Runs the daemon until SIGTERM or SIGINT. Returns the process's exit status: 0 after a clean
/// stop. Workers are left as they are. Call it once, from the main thread, with no other thread
/// running.
int run(const Config& config, telemetry::Log& log);

}  // namespace jobscaler::daemon
