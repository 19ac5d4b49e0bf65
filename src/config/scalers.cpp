#include <algorithm>
#include <chrono>

#include "config/job.h"
#include "config/sections.h"

namespace jobscaler::config {
namespace {

using namespace std::chrono_literals;

// <scaler>-<number of up to 10 digits>-<5 characters of the pod's own>: 63 in all.
constexpr std::size_t kMaxScalerName = 46;
const Name kScalerName{kMaxScalerName};
const Integer kMinWorkers{0, kMaxWorkers};
const Integer kMaximum{1, kMaxWorkers};
const Integer kMessages{0, kMaxMessages};
const Integer kMessagesPerWorker{1, kMaxMessages};
const Span kPollInterval{100ms, 1h};
const Span kAge{0s, kMaxSpan};
const Span kSettle{0s, 24h};
const Span kReadyTimeout{1s, kMaxSpan};
const Span kStuck{0s, kMaxSpan};
const Text kGroup{"a consumer group's name"};
const Text kTopic{"a topic's name (at most 249 letters, digits, '-', '_' and '.')", is_topic};
const Choice<NoOffset, 2> kNoOffset{
    {{{"earliest", NoOffset::earliest}, {"latest", NoOffset::latest}}}};
const Choice<Isolation, 2> kIsolation{{{{"read_committed", Isolation::read_committed},
                                        {"read_uncommitted", Isolation::read_uncommitted}}}};
const Choice<KafkaLimit, 2> kLimit{{{{"laggingPartitions", KafkaLimit::lagging_partitions},
                                     {"partitions", KafkaLimit::partitions}}}};
const Text kQueue{"a queue's name of at most 255 bytes", is_shortstr};
const Choice<ScalerSpec::Mode, 2> kMode{
    {{{"scale", ScalerSpec::Mode::scale}, {"observe", ScalerSpec::Mode::observe}}}};
const Choice<AgeChoice, 5> kAgeChoice{{{{"auto", AgeChoice::automatic},
                                        {"timestamp", AgeChoice::timestamp},
                                        {"arrivals", AgeChoice::arrivals},
                                        {"bound", AgeChoice::bound},
                                        {"none", AgeChoice::none}}}};

struct NameList {
  std::string allowed() const { return "a list of the names of node groups"; }

  std::optional<std::vector<std::string>> read(const Value& value) const {
    std::vector<std::string> names;
    for (const Value& item : value.items(allowed())) {
      names.push_back(Name().read(item).value_or(""));
    }
    return names;
  }
};

struct TopicList {
  std::string allowed() const { return "a list of topics"; }

  std::optional<std::vector<std::string>> read(const Value& value) const {
    std::vector<std::string> topics;
    for (const Value& item : value.items(allowed())) {
      const std::string topic = kTopic.read(item).value_or("");
      const bool twice = std::find(topics.begin(), topics.end(), topic) != topics.end();
      if (twice) item.error(topic + " is named twice");
      topics.push_back(topic);
    }
    return topics;
  }
};

RabbitmqSource read_rabbitmq_source(const Value& value) {
  const Mapping mapping(value, kRabbitmqSourceKeys);
  RabbitmqSource source;
  mapping.required("connection", Name(), source.connection);
  mapping.required("queue", kQueue, source.queue);
  mapping.optional("age", kAgeChoice, source.age);
  return source;
}

KafkaSource read_kafka_source(const Value& value) {
  const Mapping mapping(value, kKafkaSourceKeys);
  KafkaSource source;
  mapping.required("connection", Name(), source.connection);
  mapping.required("group", kGroup, source.group);
  mapping.required("topics", TopicList(), source.topics);
  mapping.optional("whenNoOffset", kNoOffset, source.when_no_offset);
  mapping.optional("isolationLevel", kIsolation, source.isolation);
  mapping.optional("limitTo", kLimit, source.limit_to);
  return source;
}

void read_source(const Mapping& scaler, std::variant<RabbitmqSource, KafkaSource>& source) {
  require_one_broker(scaler);
  if (const auto rabbitmq = scaler.find("rabbitmq")) source = read_rabbitmq_source(*rabbitmq);
  if (const auto kafka = scaler.find("kafka")) source = read_kafka_source(*kafka);
}

void read_scale_up(const Value& value, ScalerSpec& spec) {
  const Mapping mapping(value, kScaleUpKeys);
  mapping.optional("messagesAbove", kMessages, spec.messages_above);
  mapping.optional("oldestAbove", kAge, spec.oldest_above);
  mapping.optional("settle", kSettle, spec.settle);
  const bool trigger = mapping.find("messagesAbove") || mapping.find("oldestAbove");
  if (value.node().kind == YamlNode::Kind::map && !trigger) {
    value.error("needs messagesAbove or oldestAbove, or nothing would ever start a worker");
  }
}

void read_workers(const Value& value, ScalerSpec& spec) {
  const Mapping mapping(value, kWorkersKeys);
  mapping.optional("min", kMinWorkers, spec.min_workers);
  mapping.required("max", kMaximum, spec.max_workers);
  mapping.optional("messagesPerWorker", kMessagesPerWorker, spec.messages_per_worker);
  mapping.optional("nodeGroups", NameList(), spec.node_groups);
  mapping.optional("readyTimeout", kReadyTimeout, spec.ready_timeout);
  mapping.optional("stuckAfter", kStuck, spec.stuck_after);
  mapping.optional("stuckKeep", kStuck, spec.stuck_keep);
}

ScalerConfig read_scaler(const Value& value, Duration poll_interval) {
  const Mapping mapping(value, kScalerKeys);
  ScalerConfig scaler;
  ScalerSpec& spec = scaler.spec;
  spec.poll_interval = poll_interval;
  mapping.required("name", kScalerName, spec.name);
  mapping.optional("paused", Boolean(), spec.paused);
  mapping.optional("mode", kMode, spec.mode);
  mapping.optional("pollInterval", kPollInterval, spec.poll_interval);
  read_source(mapping, scaler.source);
  if (const auto scale_up = mapping.require("scaleUp", mapping_with(kScaleUpKeys))) {
    read_scale_up(*scale_up, spec);
  }
  if (const auto workers = mapping.require("workers", mapping_with(kWorkersKeys))) {
    read_workers(*workers, spec);
  }
  if (const auto job = mapping.require("job", "the spec of a Job's manifest")) {
    check_job(*job);
    scaler.job_spec_json = to_json(*job);
  }
  return scaler;
}

}  // namespace

std::vector<ScalerConfig> read_scalers(const Value& value, Duration poll_interval) {
  std::vector<ScalerConfig> scalers;
  for (const Value& item : value.items("a list of scalers")) {
    scalers.push_back(read_scaler(item, poll_interval));
  }
  return scalers;
}

}  // namespace jobscaler::config
