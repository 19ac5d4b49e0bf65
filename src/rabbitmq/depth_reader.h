#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "jobscaler/clock.h"
#include "jobscaler/result.h"
#include "rabbitmq/amqp_connection.h"

namespace jobscaler::rabbitmq {

/// The broker's answer to a passive queue.declare. Nothing about the queue is changed by asking,
/// except that an x-expires timer starts anew.
struct Depth {
  std::int64_t ready = 0;      ///< messages nobody has taken; those in work are not in it
  std::int64_t consumers = 0;  ///< subscribed now (not those that use basic.get)
  TimePoint asked{};           ///< when the request left
  TimePoint answered{};        ///< when the answer had come
};

/// Reads many queues in one pipelined exchange on channel 1.
///
/// `on_answer(i, depth)` is called once for every queue the broker said something about, in order:
/// its depth, or why this queue has none (not_found, rejected; unavailable when its node is down).
/// Returns an error when the connection is no longer usable: the queues without an answer got none.
/// Each answer has the connection's timeout as its deadline, counted from the answer before.
Result<bool> read_depths(AmqpConnection& connection, const std::vector<std::string>& queues,
                         const std::function<void(std::size_t, Result<Depth>)>& on_answer);

/// What the broker's channel.close for a queue means.
Error queue_error(const std::string& queue, const RabbitmqConnection& settings, int code,
                  const std::string& text);

}  // namespace jobscaler::rabbitmq
