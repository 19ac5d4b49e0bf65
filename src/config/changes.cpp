#include "config/changes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "jobscaler/format.h"

namespace jobscaler {
namespace {

std::string show(const std::string& value) {
  return value.empty() ? "(default)" : value;
}
std::string show(bool value) {
  return value ? "true" : "false";
}
std::string show(int value) {
  return std::to_string(value);
}
std::string show(std::int64_t value) {
  return std::to_string(value);
}
std::string show(Duration value) {
  return format_duration(value);
}
std::string show(ScalerSpec::Mode value) {
  return value == ScalerSpec::Mode::observe ? "observe" : "scale";
}
std::string show(const std::vector<std::string>& values) {
  return fmt::format("[{}]", fmt::join(values, ", "));
}
template <typename T>
std::string show(const std::optional<T>& value) {
  return value ? show(*value) : "(none)";
}

/// The settings of one thing that have changed.
class Settings {
 public:
  template <typename T>
  void compare(const char* key, const T& before, const T& after) {
    if (before != after) {
      changed_.push_back(fmt::format("{} {} -> {}", key, show(before), show(after)));
    }
  }
  /// Without the values: they are too long, or nobody's business.
  template <typename T>
  void compare_unseen(const char* key, const T& before, const T& after) {
    if (before != after) changed_.push_back(key);
  }

  const std::vector<std::string>& changed() const { return changed_; }

 private:
  std::vector<std::string> changed_;
};

const std::string& name_of(const ScalerConfig& scaler) {
  return scaler.spec.name;
}
const std::string& name_of(const NodeGroupConfig& group) {
  return group.spec.name;
}
template <typename Connection>
const std::string& name_of(const Connection& connection) {
  return connection.name;
}

template <typename T>
const T* find(const std::vector<T>& all, const std::string& name) {
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const T& one) { return name_of(one) == name; });
  return it == all.end() ? nullptr : &*it;
}

Settings settings(const KubernetesConfig& before, const KubernetesConfig& after) {
  Settings all;
  all.compare("kubernetes.namespace", before.name_space, after.name_space);
  all.compare("kubernetes.kubeconfig", before.kubeconfig, after.kubeconfig);
  all.compare("kubernetes.context", before.context, after.context);
  all.compare("kubernetes.instance", before.instance, after.instance);
  all.compare("kubernetes.timeout", before.timeout, after.timeout);
  return all;
}

Settings settings(const RabbitmqConnection& before, const RabbitmqConnection& after) {
  Settings all;
  all.compare("host", before.host, after.host);
  all.compare("port", before.port, after.port);
  all.compare("vhost", before.vhost, after.vhost);
  all.compare("username", before.username, after.username);
  all.compare_unseen("password", before.password, after.password);
  all.compare("management", before.management, after.management);
  all.compare_unseen("tls", before.tls, after.tls);
  all.compare("timeout", before.timeout, after.timeout);
  return all;
}

Settings settings(const KafkaConnection& before, const KafkaConnection& after) {
  Settings all;
  all.compare("bootstrapServers", before.brokers, after.brokers);
  all.compare_unseen("tls", before.security.tls, after.security.tls);
  all.compare_unseen("sasl.mechanism", before.security.mechanism, after.security.mechanism);
  all.compare("sasl.username", before.security.username, after.security.username);
  all.compare_unseen("sasl.password", before.security.password, after.security.password);
  all.compare_unseen("properties", before.properties, after.properties);
  all.compare("timeout", before.timeout, after.timeout);
  return all;
}

Settings settings(const NodeGroupConfig& before, const NodeGroupConfig& after) {
  Settings all;
  all.compare("window", before.spec.window, after.spec.window);
  all.compare("maxWorkers", before.spec.max_workers, after.spec.max_workers);
  all.compare("nodeTimeout", before.spec.node_timeout, after.spec.node_timeout);
  all.compare_unseen("nodeSelector", before.node_selector, after.node_selector);
  all.compare_unseen("tolerations", before.tolerations_json, after.tolerations_json);
  return all;
}

void compare(Settings& all, const RabbitmqSource& before, const RabbitmqSource& after) {
  all.compare("rabbitmq.connection", before.connection, after.connection);
  all.compare("rabbitmq.queue", before.queue, after.queue);
  all.compare_unseen("rabbitmq.age", before.age, after.age);
}

void compare(Settings& all, const KafkaSource& before, const KafkaSource& after) {
  all.compare("kafka.connection", before.connection, after.connection);
  all.compare("kafka.group", before.group, after.group);
  all.compare("kafka.topics", before.topics, after.topics);
  all.compare_unseen("kafka.whenNoOffset", before.when_no_offset, after.when_no_offset);
  all.compare_unseen("kafka.isolationLevel", before.isolation, after.isolation);
  all.compare_unseen("kafka.limitTo", before.limit_to, after.limit_to);
}

const RabbitmqSource* rabbitmq_of(const ScalerConfig& scaler) {
  return std::get_if<RabbitmqSource>(&scaler.source);
}
const KafkaSource* kafka_of(const ScalerConfig& scaler) {
  return std::get_if<KafkaSource>(&scaler.source);
}

void compare_sources(Settings& all, const ScalerConfig& before, const ScalerConfig& after) {
  if (rabbitmq_of(before) && rabbitmq_of(after)) {
    compare(all, *rabbitmq_of(before), *rabbitmq_of(after));
  } else if (kafka_of(before) && kafka_of(after)) {
    compare(all, *kafka_of(before), *kafka_of(after));
  } else {
    const auto kind = [](const ScalerConfig& s) -> std::string {
      return kafka_of(s) ? "kafka" : "rabbitmq";
    };
    all.compare("source", kind(before), kind(after));
  }
}

Settings settings(const ScalerConfig& before, const ScalerConfig& after) {
  const ScalerSpec& a = before.spec;
  const ScalerSpec& b = after.spec;
  Settings all;
  all.compare("paused", a.paused, b.paused);
  all.compare("mode", a.mode, b.mode);
  all.compare("pollInterval", a.poll_interval, b.poll_interval);
  compare_sources(all, before, after);
  all.compare("scaleUp.messagesAbove", a.messages_above, b.messages_above);
  all.compare("scaleUp.oldestAbove", a.oldest_above, b.oldest_above);
  all.compare("scaleUp.settle", a.settle, b.settle);
  all.compare("workers.min", a.min_workers, b.min_workers);
  all.compare("workers.max", a.max_workers, b.max_workers);
  all.compare("workers.messagesPerWorker", a.messages_per_worker, b.messages_per_worker);
  all.compare("workers.nodeGroups", a.node_groups, b.node_groups);
  all.compare("workers.readyTimeout", a.ready_timeout, b.ready_timeout);
  all.compare("workers.stuckAfter", a.stuck_after, b.stuck_after);
  all.compare("workers.stuckKeep", a.stuck_keep, b.stuck_keep);
  all.compare_unseen("job template", before.job_spec_json, after.job_spec_json);
  return all;
}

/// `kind`: "connection ", or nothing for scalers, whose names are enough when they stay.
template <typename T>
void tell(std::vector<std::string>& lines, const std::string& kind, const std::string& prefix,
          const std::vector<T>& before, const std::vector<T>& after) {
  for (const T& now : after) {
    const T* was = find(before, name_of(now));
    if (was == nullptr) {
      lines.push_back(fmt::format("new {} {}", kind, name_of(now)));
      continue;
    }
    const Settings all = settings(*was, now);
    if (all.changed().empty()) continue;
    lines.push_back(fmt::format("{}{}: {}", prefix, name_of(now), fmt::join(all.changed(), ", ")));
  }
  for (const T& was : before) {
    if (find(after, name_of(was)) == nullptr) {
      lines.push_back(fmt::format("{} {} removed", kind, name_of(was)));
    }
  }
}

bool reads_alike(const Config& before, const Config& after, const ScalerConfig& was,
                 const ScalerConfig& now) {
  const auto same = [](const auto* a, const auto* b) { return a && b && *a == *b; };
  if (was.source != now.source) return false;
  if (const RabbitmqSource* source = rabbitmq_of(now)) {
    return same(find(before.rabbitmq, source->connection),
                find(after.rabbitmq, source->connection));
  }
  const std::string& connection = kafka_of(now)->connection;
  return same(find(before.kafka, connection), find(after.kafka, connection));
}

/// Do Jobs look the same in this node group?
bool places_alike(const Config& before, const Config& after, const std::string& group) {
  const NodeGroupConfig* was = find(before.node_groups, group);
  const NodeGroupConfig* now = find(after.node_groups, group);
  return was && now && was->node_selector == now->node_selector &&
         was->tolerations_json == now->tolerations_json;
}

bool has_same_jobs(const Config& before, const Config& after, const ScalerConfig& was,
                   const ScalerConfig& now) {
  const auto& groups = now.spec.node_groups;
  return was.job_spec_json == now.job_spec_json && was.spec.node_groups == groups &&
         std::all_of(groups.begin(), groups.end(),
                     [&](const std::string& group) { return places_alike(before, after, group); });
}

}  // namespace

ConfigChanges changes_between(const Config& before, const Config& after) {
  ConfigChanges changes;
  changes.refused = settings(before.kubernetes, after.kubernetes).changed();
  tell(changes.lines, "connection", "connection ", before.rabbitmq, after.rabbitmq);
  tell(changes.lines, "connection", "connection ", before.kafka, after.kafka);
  tell(changes.lines, "node group", "node group ", before.node_groups, after.node_groups);
  tell(changes.lines, "scaler", "", before.scalers, after.scalers);
  for (const ScalerConfig& now : after.scalers) {
    const ScalerConfig* was = find(before.scalers, now.spec.name);
    if (!was || !reads_alike(before, after, *was, now)) changes.new_queues.insert(now.spec.name);
    if (!was || !has_same_jobs(before, after, *was, now)) changes.new_jobs.insert(now.spec.name);
  }
  return changes;
}

}  // namespace jobscaler
