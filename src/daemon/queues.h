#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "rabbitmq/connection.h"

namespace jobscaler::daemon {

/// The queues that the configuration's scalers read over one connection.
std::vector<rabbitmq::Queue> queues_on(const std::string& connection, const Config& config);

}  // namespace jobscaler::daemon
