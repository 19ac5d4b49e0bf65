#include <fmt/format.h>

#include <chrono>

#include "jobscaler/format.h"
#include "kafka/cluster.h"
#include "kafka/connection.h"
#include "kafka/lag.h"
#include "kafka/properties.h"

namespace jobscaler::kafka {
namespace {

using Status = CheckLine::Status;

std::string age_text(const Reading& reading) {
  if (!reading.oldest) return reading.waiting > 0 ? "age unknown: " + reading.hint : "no age yet";
  const bool least = reading.oldest->kind == OldestAge::Kind::lower_bound;
  return fmt::format("oldest {} {} (record)",
                     least ? ">=" : "<=", format_duration(reading.oldest->age));
}

/// Several scalers may read different topics as the same group.
std::string subject(const Group& group) {
  return fmt::format("group {} on {}", group.group, fmt::join(group.topics, ", "));
}

CheckLine group_line(const Group& group, const std::vector<PartitionLag>& lags) {
  const Reading reading = make_reading(lags, group.limit_to, {}, std::chrono::system_clock::now());
  CheckLine line{Status::ok, subject(group),
                 fmt::format("{} waiting in {} of {} partition{}; {}", reading.waiting,
                             lagging_partitions(lags), lags.size(), lags.size() == 1 ? "" : "s",
                             age_text(reading))};
  if (reading.waiting > 0) {
    line.text += fmt::format("; work for {} worker{}", *reading.parallelism_limit,
                             *reading.parallelism_limit == 1 ? "" : "s");
  }
  if (reading.waiting > 0 && !reading.hint.empty()) line.status = Status::warn;
  for (const auto standing : {Standing::no_offset, Standing::below_start, Standing::beyond_end}) {
    const auto text = standing_text(standing, lags, group.when_no_offset);
    if (!text) continue;
    line.status = Status::warn;
    line.text += "; it " + *text;
  }
  return line;
}

}  // namespace

std::vector<CheckLine> check(const KafkaConnection& settings, const std::vector<Group>& groups) {
  const std::string name = "kafka " + settings.name;
  if (groups.empty()) return {{Status::warn, name, "no scaler uses it: it was not connected to"}};
  std::vector<std::string> scalers;
  for (const Group& group : groups) scalers.push_back(group.scaler);
  Cluster cluster(settings, groups);
  const Round round = cluster.read(scalers);
  if (round.unreachable) return {{Status::fail, name, round.unreachable->message}};
  std::vector<CheckLine> lines{{Status::ok, name, "connected to " + broker_list(settings)}};
  for (const Group& group : groups) {
    const auto& lags = round.lags.at(group.scaler);
    lines.push_back(lags ? group_line(group, *lags)
                         : CheckLine{Status::fail, subject(group), lags.error().message});
  }
  return lines;
}

}  // namespace jobscaler::kafka
