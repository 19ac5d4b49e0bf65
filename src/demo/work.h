#pragma once

#include <csignal>

#include "demo/options.h"

namespace jobscaler::demo {

/// The reference worker. Takes messages one by one, works on each (sleeps), adds it to the report,
/// and acknowledges or commits it; so a message is lost in no case, and done twice in rare ones.
///
/// Returns when there was no message for options.idle, counted from the end of the last one, or
/// once `stop` is set, after the message in hand.
/// Throws BrokerError, or std::runtime_error if the report cannot be written.
void work(const WorkOptions& options, const volatile std::sig_atomic_t& stop);

}  // namespace jobscaler::demo
