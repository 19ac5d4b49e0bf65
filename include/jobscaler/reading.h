#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jobscaler/clock.h"

namespace jobscaler {

/// How the age of the oldest message was obtained (design of the estimators:
/// src/rabbitmq/README.md).
enum class AgeMethod {
  timestamp,  ///< RabbitMQ: the broker's head_message_timestamp
  arrivals,   ///< RabbitMQ: read off the sampled arrival curve
  bound,      ///< RabbitMQ: deduced from queue depths alone
  record,     ///< Kafka: the record at the committed offset
};
std::string_view to_string(AgeMethod method);

struct OldestAge {
  enum class Kind { exact, upper_bound, lower_bound };

  Duration age{};
  AgeMethod method = AgeMethod::bound;
  Kind kind = Kind::exact;

  bool operator==(const OldestAge&) const = default;
};

/// One observation of a queue. Never made up: what could not be read is absent, and a reading that
/// could not be taken at all is an Error.
struct Reading {
  std::int64_t waiting = 0;               ///< messages nobody has taken yet
  std::optional<std::int64_t> in_flight;  ///< taken and not yet acknowledged
  std::optional<OldestAge> oldest;        ///< of the waiting messages
  std::optional<std::int64_t> consumers;  ///< attached to the queue
  std::optional<std::int64_t>
      parallelism_limit;  ///< more workers than this could not be fed (Kafka)
  /// A zero that followed a non-zero and has been seen fewer than three times in a row: quorum
  /// queues answer zero while they have no leader. Nothing may be concluded from it but to wait.
  bool zero_unconfirmed = false;
  TimePoint taken_at{};  ///< when the request left, so that the reading is at least this fresh
  std::string hint;  ///< what the numbers suggest about the queue's setup, for people; often empty

  bool operator==(const Reading&) const = default;
};

}  // namespace jobscaler
