#include <fmt/format.h>

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <variant>
#include <vector>

#include "config/sections.h"
#include "config/text.h"

namespace jobscaler::config {
namespace {

using Names = std::vector<std::string_view>;

/// What is checked, with the lookups that the checks share.
class Agreement {
 public:
  Agreement(const Config& config, const YamlNode& root, Report& report);

  void check() const;

 private:
  void check_scaler(std::size_t index) const;
  void check_connection(const Path& path, const ScalerConfig& scaler) const;
  void check_is(std::string_view kind, const auto& connections, const Path& place,
                const std::string& name) const;
  void check_age(const Path& place, const ScalerSpec& spec, const RabbitmqSource& source) const;
  void check_workers(const Path& path, const ScalerSpec& spec) const;
  bool group_names_known() const;
  void check_groups(const Path& path, const ScalerSpec& spec) const;
  void check_node_selector(const Path& path, const ScalerSpec& spec) const;
  void check_triggers(const Path& path, const ScalerSpec& spec) const;
  void check_queues() const;
  void check_consumer_groups() const;
  void check_unused() const;

  const Config& config_;
  const YamlNode& root_;
  Report& report_;
  std::map<std::string_view, const RabbitmqConnection*> rabbitmq_;
  std::map<std::string_view, const KafkaConnection*> kafka_;
  std::map<std::string_view, const NodeGroupConfig*> groups_;
  Names group_names_;
};

Names keys_of(const auto& map) {
  Names names;
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

/// Names that occur twice in a list of scalers or node groups.
void check_unique(const Path& list, const auto& entries, Report& report) {
  std::map<std::string_view, std::size_t> seen;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Path path = list / i / "name";
    if (!report.clean(path)) continue;
    const auto [first, is_new] = seen.emplace(entries[i].spec.name, i);
    if (is_new) continue;
    report.error(path, fmt::format("{} is already the name of {}; names must be unique",
                                   entries[i].spec.name, (list / first->second).text()));
  }
}

std::string unknown_name(std::string_view name, std::string_view what, const Names& known) {
  if (known.empty()) return fmt::format("there is no {} {}, nor any other", what, name);
  const std::string guess = did_you_mean(name, known);
  return fmt::format("there is no {} {}{} There {}: {}", what, name, guess.empty() ? "." : guess,
                     known.size() == 1 ? "is only" : "are", enumerate(known, ", "));
}

Agreement::Agreement(const Config& config, const YamlNode& root, Report& report)
    : config_(config), root_(root), report_(report) {
  for (const auto& connection : config.rabbitmq) rabbitmq_.emplace(connection.name, &connection);
  for (const auto& connection : config.kafka) kafka_.emplace(connection.name, &connection);
  for (const NodeGroupConfig& group : config.node_groups) groups_.emplace(group.spec.name, &group);
  group_names_ = keys_of(groups_);
}

void Agreement::check() const {
  check_unique(Path() / "nodeGroups", config_.node_groups, report_);
  check_unique(Path() / "scalers", config_.scalers, report_);
  for (std::size_t i = 0; i < config_.scalers.size(); ++i) check_scaler(i);
  check_queues();
  check_consumer_groups();
  check_unused();
}

void Agreement::check_scaler(std::size_t index) const {
  const Path path = Path() / "scalers" / index;
  const ScalerConfig& scaler = config_.scalers[index];
  check_connection(path, scaler);
  check_workers(path / "workers", scaler.spec);
  check_groups(path / "workers" / "nodeGroups", scaler.spec);
  check_node_selector(path / "job" / "template" / "spec" / "nodeSelector", scaler.spec);
  check_triggers(path / "scaleUp", scaler.spec);
}

void Agreement::check_connection(const Path& path, const ScalerConfig& scaler) const {
  if (const auto* rabbitmq = std::get_if<RabbitmqSource>(&scaler.source)) {
    check_is("RabbitMQ", rabbitmq_, path / "rabbitmq" / "connection", rabbitmq->connection);
    check_age(path / "rabbitmq" / "age", scaler.spec, *rabbitmq);
  } else if (const auto* kafka = std::get_if<KafkaSource>(&scaler.source)) {
    check_is("Kafka", kafka_, path / "kafka" / "connection", kafka->connection);
  }
}

/// Not when what is wrong with the connections, or with that one, has been reported.
void Agreement::check_is(std::string_view kind, const auto& connections, const Path& place,
                         const std::string& name) const {
  if (name.empty() || connections.contains(name)) return;
  const std::string what = fmt::format("{} connection", kind);
  const YamlNode* all = root_.find("connections");
  const bool written = all == nullptr || all->entries.empty() || all->find(name) != nullptr;
  if (rabbitmq_.contains(name) || kafka_.contains(name)) {
    report_.error(place, fmt::format("{} is no {}", name, what));
  } else if (!written) {
    report_.error(place, unknown_name(name, what, keys_of(connections)));
  }
}

void Agreement::check_age(const Path& place, const ScalerSpec& spec,
                          const RabbitmqSource& source) const {
  const AgeChoice age = source.age;
  if (age == AgeChoice::none && spec.oldest_above) {
    report_.error(place,
                  "none leaves scaleUp.oldestAbove without an age to compare with; choose another, "
                  "or remove oldestAbove");
  }
  const auto found = rabbitmq_.find(source.connection);
  if (found == rabbitmq_.end()) return;
  const RabbitmqConnection& connection = *found->second;
  const Path management = Path() / "connections" / connection.name / "rabbitmq" / "management";
  const bool needs_management = age == AgeChoice::timestamp || age == AgeChoice::arrivals;
  if (needs_management && !connection.management && report_.clean(management)) {
    report_.error(place, fmt::format("{} is read from the management API; set {}, for example to "
                                     "http://{}:15672",
                                     age == AgeChoice::timestamp ? "timestamp" : "arrivals",
                                     management.text(),
                                     connection.host.empty() ? "rabbitmq" : connection.host));
  }
}

void Agreement::check_workers(const Path& path, const ScalerSpec& spec) const {
  if (!report_.clean(path / "min") || !report_.clean(path / "max")) return;
  if (spec.min_workers > spec.max_workers) {
    report_.error(path / "min", fmt::format("must be at most workers.max, which is {}, found {}",
                                            spec.max_workers, spec.min_workers));
  } else if (spec.min_workers > 0) {
    report_.warning(path / "min",
                    "workers that end when their queue is empty are replaced at once, for ever; "
                    "above 0 is for workers that stay");
  }
}

/// Not if one was reported.
bool Agreement::group_names_known() const {
  return !groups_.empty() && !groups_.contains("");
}

void Agreement::check_groups(const Path& path, const ScalerSpec& spec) const {
  if (!group_names_known()) return;
  if (spec.node_groups.empty() && report_.clean(path)) {
    report_.error(path, fmt::format("missing; no node group is named default, so name the ones to "
                                    "use: {}",
                                    enumerate(group_names_, ", ")));
  }
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < spec.node_groups.size(); ++i) {
    const std::string& name = spec.node_groups[i];
    if (!report_.clean(path / i)) continue;
    if (!seen.insert(name).second) report_.error(path / i, name + " is named twice");
    if (groups_.contains(name)) continue;
    report_.error(path / i, unknown_name(name, "node group", group_names_));
  }
}

void Agreement::check_node_selector(const Path& path, const ScalerSpec& spec) const {
  for (const std::string& name : spec.node_groups) {
    const auto group = groups_.find(name);
    if (group == groups_.end()) continue;
    for (const auto& [key, value] : group->second->node_selector) {
      const YamlNode* own = find(root_, path / key);
      if (own == nullptr || own->text == value) continue;
      report_.error(path / key,
                    fmt::format("is {}, but node group {} selects {}; leave it out, the "
                                "node group's is set",
                                quoted(own->text), name, quoted(value)));
    }
  }
}

void Agreement::check_triggers(const Path& path, const ScalerSpec& spec) const {
  if (!report_.clean(path) || !spec.messages_above || spec.oldest_above) return;
  if (*spec.messages_above == 0) return;
  report_.warning(path / "messagesAbove",
                  fmt::format("without oldestAbove, the last {} messages wait for ever once the "
                              "workers have ended; add oldestAbove, or set messagesAbove to 0",
                              *spec.messages_above));
}

void Agreement::check_queues() const {
  std::map<std::tuple<std::string, int, std::string, std::string>, std::size_t> readers;
  for (std::size_t i = 0; i < config_.scalers.size(); ++i) {
    const auto* source = std::get_if<RabbitmqSource>(&config_.scalers[i].source);
    if (source == nullptr || source->queue.empty()) continue;
    const auto connection = rabbitmq_.find(source->connection);
    if (connection == rabbitmq_.end()) continue;
    const RabbitmqConnection& broker = *connection->second;
    const auto [first, is_new] =
        readers.emplace(std::make_tuple(broker.host, broker.port, broker.vhost, source->queue), i);
    if (is_new) continue;
    const Path scalers = Path() / "scalers";
    report_.warning(scalers / i / "rabbitmq" / "queue",
                    fmt::format("{} watches the same queue; both start workers for the same "
                                "messages",
                                (scalers / first->second).text()));
  }
}

void Agreement::check_consumer_groups() const {
  using Brokers = std::vector<std::string>;
  std::map<std::tuple<Brokers, std::string, std::string>, std::size_t> readers;
  for (std::size_t i = 0; i < config_.scalers.size(); ++i) {
    const auto* source = std::get_if<KafkaSource>(&config_.scalers[i].source);
    if (source == nullptr || source->group.empty()) continue;
    const auto connection = kafka_.find(source->connection);
    if (connection == kafka_.end()) continue;
    for (std::size_t j = 0; j < source->topics.size(); ++j) {
      const std::string& topic = source->topics[j];
      if (topic.empty()) continue;
      const auto [first, is_new] =
          readers.emplace(std::make_tuple(connection->second->brokers, source->group, topic), i);
      if (is_new || first->second == i) continue;
      const Path scalers = Path() / "scalers";
      report_.warning(scalers / i / "kafka" / "topics" / j,
                      fmt::format("{} watches the same topic for the same group; both start "
                                  "workers for the same records",
                                  (scalers / first->second).text()));
    }
  }
}

/// Only when it is certain what is used.
void Agreement::check_unused() const {
  std::set<std::string_view> used_connections;
  std::set<std::string_view> used_groups;
  for (const ScalerConfig& scaler : config_.scalers) {
    std::visit([&](const auto& source) { used_connections.insert(source.connection); },
               scaler.source);
    used_groups.insert(scaler.spec.node_groups.begin(), scaler.spec.node_groups.end());
  }
  if (report_.has_errors()) return;
  for (const YamlNode::Entry& entry : root_.find("connections")->entries) {
    if (used_connections.contains(entry.key)) continue;
    report_.warning_at(entry.mark, Path() / "connections" / entry.key, "no scaler uses it");
  }
  for (std::size_t i = 0; i < config_.node_groups.size(); ++i) {
    if (used_groups.contains(config_.node_groups[i].spec.name)) continue;
    report_.warning(Path() / "nodeGroups" / i, "no scaler uses it");
  }
}

}  // namespace

void check_agreement(const Config& config, const YamlNode& root, Report& report) {
  Agreement(config, root, report).check();
}

}  // namespace jobscaler::config
