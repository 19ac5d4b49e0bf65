#include "rabbitmq/queue_stats.h"

#include <cpprest/json.h>

namespace jobscaler::rabbitmq {
namespace {

using web::json::value;

const value* find(const value& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto& fields = object.as_object();
  const auto found = fields.find(key);
  return found == fields.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> number(const value* field) {
  if (field == nullptr || !field->is_number()) return std::nullopt;
  const auto& found = field->as_number();
  if (!found.is_int64() || found.to_int64() < 0) return std::nullopt;
  return found.to_int64();
}

bool text_is(const value* field, const char* text) {
  return field != nullptr && field->is_string() && field->as_string() == text;
}

bool refuses(const value* field) {
  return text_is(field, "reject-publish") || text_is(field, "reject-publish-dlx");
}

QueueStats stats_of(const value& queue) {
  QueueStats stats;
  stats.ready = number(find(queue, "messages_ready"));
  stats.unacknowledged = number(find(queue, "messages_unacknowledged"));
  stats.messages = number(find(queue, "messages"));
  stats.head_timestamp = number(find(queue, "head_message_timestamp"));
  if (const value* counters = find(queue, "message_stats")) {
    stats.published = number(find(*counters, "publish"));
    stats.redelivered = number(find(*counters, "redeliver"));
  }
  if (const value* arguments = find(queue, "arguments")) {
    stats.priorities = number(find(*arguments, "x-max-priority")).value_or(0) > 0;
    stats.refuses_publishes = refuses(find(*arguments, "x-overflow"));
  }
  if (const value* policy = find(queue, "effective_policy_definition")) {
    stats.priorities |= number(find(*policy, "max-priority")).value_or(0) > 0;
    stats.refuses_publishes |= refuses(find(*policy, "overflow"));
  }
  stats.stream = text_is(find(queue, "type"), "stream");
  return stats;
}

Error malformed(const std::string& why) {
  return {ErrorKind::malformed, "the answer is not understood: " + why};
}

}  // namespace

const char* const kQueueColumns =
    "columns=name,type,arguments,effective_policy_definition,messages,messages_ready,"
    "messages_unacknowledged,head_message_timestamp,message_stats.publish,message_stats.redeliver";

const char* const kNodeColumns = "columns=name,uptime";

Result<QueueStats> parse_queue(const std::string& body) {
  try {
    const value queue = value::parse(body);
    // With columns that match nothing (no statistics yet) the answer is [] where {} was meant.
    if (queue.is_array() && queue.as_array().size() == 0) return QueueStats{};
    if (!queue.is_object()) return malformed("no JSON object");
    return stats_of(queue);
  } catch (const std::exception& error) {
    return malformed(error.what());
  }
}

Result<std::map<std::string, QueueStats>> parse_queue_list(const std::string& body) {
  try {
    const value list = value::parse(body);
    if (!list.is_array()) return malformed("no JSON array");
    std::map<std::string, QueueStats> queues;
    for (const value& queue : list.as_array()) {
      const value* name = find(queue, "name");
      if (name != nullptr && name->is_string()) queues.emplace(name->as_string(), stats_of(queue));
    }
    return queues;
  } catch (const std::exception& error) {
    return malformed(error.what());
  }
}

Result<std::map<std::string, std::int64_t>> parse_uptimes(const std::string& body) {
  try {
    const value list = value::parse(body);
    if (!list.is_array()) return malformed("no JSON array");
    std::map<std::string, std::int64_t> uptimes;
    for (const value& node : list.as_array()) {
      const value* name = find(node, "name");
      const auto uptime = number(find(node, "uptime"));
      if (name != nullptr && name->is_string() && uptime) uptimes[name->as_string()] = *uptime;
    }
    return uptimes;
  } catch (const std::exception& error) {
    return malformed(error.what());
  }
}

}  // namespace jobscaler::rabbitmq
