#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "jobscaler/clock.h"
#include "jobscaler/result.h"

namespace jobscaler::rabbitmq {

/// What the management API says about one queue. The counters (published, redelivered) are those of
/// some moment up to kCollectionLag before the answer; the sizes may be older by the broker's
/// statistics interval. Whatever was not in the answer is absent, never 0.
struct QueueStats {
  std::optional<std::int64_t> ready{};
  std::optional<std::int64_t> unacknowledged{};
  std::optional<std::int64_t> messages{};     ///< ready and unacknowledged, of one moment
  std::optional<std::int64_t> published{};    ///< since the queue or the broker started
  std::optional<std::int64_t> redelivered{};  ///< deliveries of messages that had been put back
  std::optional<std::int64_t>
      head_timestamp{};            ///< seconds since 1970, of the oldest not yet acknowledged
  bool priorities = false;         ///< x-max-priority: not first in, first out
  bool refuses_publishes = false;  ///< x-overflow reject-publish: refused ones are counted
  bool stream = false;

  bool operator==(const QueueStats&) const = default;
};

/// The query that makes the management API send what the parsers below look at, and no more.
extern const char* const kQueueColumns;

/// The answer to GET /api/queues/<vhost>/<queue>. Error: malformed.
Result<QueueStats> parse_queue(const std::string& body);

/// The query that does the same for parse_uptimes().
extern const char* const kNodeColumns;

/// The answer to GET /api/queues/<vhost>, by queue. Error: malformed.
Result<std::map<std::string, QueueStats>> parse_queue_list(const std::string& body);

/// The answer to GET /api/nodes: milliseconds by node, those that do not run left out. Error:
/// malformed.
Result<std::map<std::string, std::int64_t>> parse_uptimes(const std::string& body);

}  // namespace jobscaler::rabbitmq
