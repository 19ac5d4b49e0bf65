#pragma once

#include <string>

#include "engine/ending.h"
#include "engine/worker_store.h"

namespace jobscaler::engine {

/// "orders-41 ready after 1.7s on node pool-a-7"
std::string ready_news(const TrackedWorker& worker, TimePoint now);

/// "orders-41 finished after 3m12s", "orders-41 failed after 3m12s: exit code 1, Error"
std::string finished_news(const TrackedWorker& worker, const Ending& ending, TimePoint now);

}  // namespace jobscaler::engine
