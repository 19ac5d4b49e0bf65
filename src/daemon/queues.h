#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "kafka/connection.h"
#include "rabbitmq/connection.h"

namespace jobscaler::daemon {

/// The queues that the configuration's scalers read over one connection.
std::vector<rabbitmq::Queue> queues_on(const std::string& connection, const Config& config);

/// The consumer groups that the configuration's scalers read over one connection.
std::vector<kafka::Group> groups_on(const std::string& connection, const Config& config);

}  // namespace jobscaler::daemon
