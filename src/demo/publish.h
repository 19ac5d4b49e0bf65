#pragma once

#include "demo/options.h"

namespace jobscaler::demo {

/// Declares the queue or creates the topic, publishes, waits for the broker's confirmations, and
/// says so on stdout. Throws BrokerError.
void publish(const PublishOptions& options);

}  // namespace jobscaler::demo
