#include "engine/room.h"

#include <fmt/format.h>

#include "engine/texts.h"

namespace jobscaler::engine {
namespace {

std::int64_t divided_up(std::int64_t messages, std::int64_t by) {
  return messages / by + (messages % by != 0 ? 1 : 0);
}

}  // namespace

std::int64_t room_for(const Reading& reading, std::int64_t messages_per_worker, int live,
                      int unfed) {
  if (reading.in_flight) {
    return divided_up(reading.waiting + *reading.in_flight, messages_per_worker) - live;
  }
  return divided_up(reading.waiting, messages_per_worker) - unfed;
}

std::optional<std::string> enough_workers(const ScalerSpec& spec, const Reading& reading, int live,
                                          int unfed) {
  if (reading.parallelism_limit && live >= *reading.parallelism_limit) {
    return fmt::format("{}, and the source feeds no more than {} at once", workers(live),
                       *reading.parallelism_limit);
  }
  const std::int64_t each = spec.messages_per_worker.value_or(1);
  if (room_for(reading, each, live, unfed) > 0) return std::nullopt;
  const std::string coming = reading.in_flight ? fmt::format("{} there or coming", workers(live))
                                               : fmt::format("{} coming", workers(unfed));
  return fmt::format("{}, enough at {} message{} each", coming, each, each == 1 ? "" : "s");
}

}  // namespace jobscaler::engine
