#include <fmt/format.h>

#include <memory>
#include <optional>

#include "rabbitmq/connection.h"
#include "rabbitmq/depth_reader.h"
#include "rabbitmq/management.h"

namespace jobscaler::rabbitmq {
namespace {

using Status = CheckLine::Status;

/// What the management API says about the queue; absent when none is configured.
using MaybeStats = std::optional<Result<StatsSample>>;

bool allows(AgeChoice choice, AgeChoice method) {
  return choice == method || choice == AgeChoice::automatic;
}

std::string counts(const Depth& depth, const MaybeStats& stats) {
  std::string text = fmt::format("{} waiting, {} consumer{}", depth.ready, depth.consumers,
                                 depth.consumers == 1 ? "" : "s");
  if (stats && *stats && (*stats)->stats.unacknowledged) {
    text += fmt::format(", {} in flight", *(*stats)->stats.unacknowledged);
  }
  return text;
}

/// Which age the queue will get without the management API.
CheckLine age_by_amqp(AgeChoice choice, const std::string& why) {
  if (!allows(choice, AgeChoice::bound)) {
    return {Status::fail, "",
            fmt::format("no age: `{}` needs the management API ({})",
                        choice == AgeChoice::timestamp ? "timestamp" : "arrivals", why)};
  }
  return {Status::ok, "",
          fmt::format("age by `bound` ({}): an upper bound, loose while as many messages arrive as "
                      "leave; not valid for priority queues or workers that requeue messages",
                      why)};
}

std::vector<std::string> methods(AgeChoice choice, const QueueStats& stats) {
  std::vector<std::string> found;
  const auto now = std::chrono::system_clock::now();
  const bool stamped = stats.head_timestamp && timestamp_age(*stats.head_timestamp, now);
  if (allows(choice, AgeChoice::timestamp) && stamped) found.push_back("`timestamp`");
  if (allows(choice, AgeChoice::arrivals) && !stats.refuses_publishes)
    found.push_back("`arrivals`");
  if (allows(choice, AgeChoice::bound)) found.push_back("`bound`");
  return found;
}

CheckLine age_by_management(AgeChoice choice, const QueueStats& stats) {
  if (stats.stream) {
    return {Status::warn, "",
            "no age, and its size is the length of the log: a stream has no backlog"};
  }
  if (stats.priorities) {
    if (!allows(choice, AgeChoice::bound)) {
      return {Status::fail, "", "no age: in a priority queue the head need not be the oldest"};
    }
    return {Status::warn, "", "age only since the queue was last empty: it is a priority queue"};
  }
  const auto found = methods(choice, stats);
  if (!found.empty()) {
    return {Status::ok, "",
            fmt::format("age by {}{}; costs one request to the management API per poll",
                        fmt::join(found, ", "), found.size() > 1 ? ", the smallest of them" : "")};
  }
  if (choice == AgeChoice::arrivals) {
    return {Status::fail, "",
            "no age: `arrivals` does not work for queues with overflow reject-publish"};
  }
  if (stats.head_timestamp) {
    return {Status::warn, "",
            "no age by `timestamp` right now: the head's timestamp lies in the future (it is in "
            "milliseconds, or the publisher's clock is wrong)"};
  }
  return {
      Status::warn, "",
      "no age by `timestamp` right now: the broker tells no timestamp of the head (the queue is "
      "empty, publishers do not set the timestamp property, or it is a quorum queue)"};
}

CheckLine age_line(AgeChoice choice, const MaybeStats& stats) {
  if (!stats) return age_by_amqp(choice, "no `management` configured");
  if (!*stats) return age_by_amqp(choice, stats->error().message);
  return age_by_management(choice, (*stats)->stats);
}

CheckLine queue_line(const Queue& queue, const Result<Depth>& depth, const MaybeStats& stats) {
  const std::string subject = "queue " + queue.queue;
  if (!depth) return {Status::fail, subject, depth.error().message};
  const std::string numbers = counts(*depth, stats);
  if (queue.age == AgeChoice::none) return {Status::ok, subject, numbers + "; no age asked for"};
  const CheckLine age = age_line(queue.age, stats);
  return {age.status, subject, numbers + "; " + age.text};
}

/// A queue as both sides know it. No depth: the connection broke before.
struct Known {
  std::optional<Result<Depth>> depth;
  MaybeStats stats;
};

/// An API that knows none of the queues that the broker knows is another broker's.
CheckLine management_line(const RabbitmqConnection& settings, const Result<bool>& probed,
                          const std::vector<Known>& queues) {
  const std::string subject = fmt::format("rabbitmq {} management", settings.name);
  if (!probed) return {Status::fail, subject, probed.error().message};
  std::optional<Error> unknown;
  for (const auto& [depth, stats] : queues) {
    if (!depth || !*depth) continue;
    if (*stats) {
      unknown.reset();
      break;
    }
    unknown = stats->error();
  }
  if (unknown) return {Status::fail, subject, unknown->message};
  return {Status::ok, subject, fmt::format("{} answers", *settings.management)};
}

/// Asks the management API about the queues.
CheckLine ask_management(const RabbitmqConnection& settings, const std::vector<Queue>& queues,
                         std::vector<Known>& known) {
  Management management(settings);
  const auto probed = management.probe();
  for (std::size_t i = 0; i < queues.size(); ++i) {
    known[i].stats = probed ? management.read(queues[i].queue) : probed.error();
  }
  return management_line(settings, probed, known);
}

}  // namespace

std::vector<CheckLine> check(const RabbitmqConnection& settings, const std::vector<Queue>& queues) {
  const std::string subject = "rabbitmq " + settings.name;
  auto amqp =
      AmqpConnection::open(settings, {.client_name = "jobscaler check", .interrupt = nullptr});
  if (!amqp) return {{Status::fail, subject, amqp.error().message}};
  std::vector<CheckLine> lines{{Status::ok, subject,
                                fmt::format("logged in to {} as '{}', vhost '{}'", amqp->peer(),
                                            settings.username, settings.vhost)}};
  std::vector<std::string> names;
  for (const Queue& queue : queues) names.push_back(queue.queue);
  std::vector<Known> known(queues.size());
  const auto read = read_depths(
      *amqp, names, [&](std::size_t i, const Result<Depth>& depth) { known[i].depth = depth; });
  amqp->close();
  if (settings.management) lines.push_back(ask_management(settings, queues, known));
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (known[i].depth) lines.push_back(queue_line(queues[i], *known[i].depth, known[i].stats));
  }
  if (!read) lines.push_back({Status::fail, subject, read.error().message});
  return lines;
}

}  // namespace jobscaler::rabbitmq
