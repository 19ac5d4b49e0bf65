#pragma once

#include <string>

#include "config/value.h"

namespace jobscaler::config {

/// The value as JSON, as kubectl would send it: what is in quotes is a string, the rest is typed.
/// Reports what YAML readers do not agree about (yes, 010, 12:30), and numbers that JSON cannot
/// hold.
std::string to_json(const Value& value);

/// Reports what a Job's spec must not say here, because it would not be a worker: not one pod, not
/// ours to start or to find. The rest is left to the API server's dry run.
void check_job(const Value& job);

}  // namespace jobscaler::config
