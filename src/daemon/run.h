#pragma once

#include <string>

#include "config/config.h"
#include "telemetry/log.h"

namespace jobscaler::daemon {

/// A configuration, and the text of the file that it was read from.
struct LoadedConfig {
  std::string file;
  std::string text;
  Config config;
};

/// Runs the daemon until SIGTERM or SIGINT. Takes up edits of the file; SIGHUP makes it look at
/// once. Returns the process's exit status: 0 after a clean stop. Workers are left as they are.
/// Call it once, from the main thread, with no other thread running.
int run(const LoadedConfig& loaded, telemetry::Log& log);

}  // namespace jobscaler::daemon
