#pragma once

#include <cstdio>
#include <string>

#include "config/config.h"

namespace jobscaler::daemon {

/// Prints the problems of a configuration file, one per line, in the order of the file.
void print_problems(std::FILE* out, const std::string& file, const ParsedConfig& parsed);

/// `check --connect`: asks every broker and the cluster, prints one line per finding to `out`.
/// Returns whether nothing failed (warnings are no failures).
bool check_connections(std::FILE* out, const Config& config);

}  // namespace jobscaler::daemon
