#include "demo/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <climits>
#include <utility>

#include "demo/flags.h"

namespace jobscaler::demo {
namespace {

constexpr const char* kUsage =
    "usage: jobscaler-demo publish --queue NAME|--topic NAME --count N [options]\n"
    "           fills a queue of RabbitMQ or a topic of Kafka\n"
    "       jobscaler-demo work --queue NAME|--topic NAME --group NAME [options]\n"
    "           the reference worker\n"
    "jobscaler-demo COMMAND --help says which options there are.\n";

constexpr int kLargestBody = 16 << 20;
constexpr int kMostPartitions = 10'000;

/// librdkafka's properties that the demo stands or falls by.
constexpr std::array<std::pair<const char*, const char*>, 10> kOwnProperties = {{
    {"bootstrap.servers", "is given as --brokers"},
    {"metadata.broker.list", "is given as --brokers"},
    {"group.id", "is given as --group"},
    {"enable.auto.commit", "is the demo's own: it commits what is done, and nothing else"},
    {"enable.auto.offset.store", "is the demo's own: it commits what is done, and nothing else"},
    {"enable.partition.eof", "is the demo's own"},
    {"partition.assignment.strategy", "is the demo's own: cooperative-sticky"},
    {"allow.auto.create.topics", "is the demo's own: no topic is created by mistake"},
    {"enable.idempotence", "is the demo's own: what is published is there once"},
    {"transactional.id", "is not supported"},
}};

Leave bad_usage(const std::string& command, const std::string& what) {
  return {2,
          fmt::format("jobscaler-demo {0}: {1}; see jobscaler-demo {0} --help\n", command, what)};
}

/// The flags of one command, by what they are about.
struct FlagGroups {
  std::vector<Flag> common;
  std::vector<Flag> queue;
  std::vector<Flag> topic;
};

/// The first that was given of a group of flags; empty: none.
struct Given {
  std::string of_queue;
  std::string of_topic;
};

void append_noting(std::vector<Flag>& all, std::vector<Flag> group, std::string& first_given) {
  for (Flag& flag : group) {
    flag.accept = [accept = flag.accept, name = flag.name, &first_given](const std::string& value) {
      if (first_given.empty()) first_given = name;
      return accept(value);
    };
    all.push_back(std::move(flag));
  }
}

struct Parser {
  std::string url;
  KafkaCluster cluster;
  std::vector<std::string> properties;
  PublishToQueue publish_queue;
  PublishToTopic publish_topic;
  PublishOptions publish;
  WorkOnQueue work_queue;
  WorkOnTopic work_topic;
  WorkOptions work;

  FlagGroups publish_flags() {
    return {
        {
            {"--count", "N", "messages; 0 only creates the queue or topic",
             number(publish.count, 0, INT_MAX)},
            {"--size", "BYTES", "of each message; default 0",
             number(publish.size, 0, kLargestBody)},
            {"--rate", "R", "messages per second; default: no limit",
             number(publish.rate, 1, 1'000'000)},
            {"--work", "DURATION", "how long a worker is to work on each message",
             duration(publish.work)},
        },
        {
            {"--queue", "NAME", "durable; created if it is not there", text(publish_queue.queue)},
            {"--quorum", "", "create a quorum queue", set(publish_queue.quorum)},
            {"--url", "URL", "the broker; default: $AMQP_URL", text(url)},
        },
        {
            {"--topic", "NAME", "messages are spread over all its partitions",
             text(publish_topic.topic)},
            {"--partitions", "N", "create the topic with so many if it is not there",
             number(publish_topic.partitions, 1, kMostPartitions)},
            brokers_flag(),
            property_flag(),
        },
    };
  }

  FlagGroups work_flags() {
    return {
        {
            {"--idle", "DURATION", "leave when there was no message for so long; default: stay",
             duration(work.idle)},
            {"--work", "DURATION",
             "work on each message so long; default: what the message asks for",
             duration(work.work)},
            {"--patience", "DURATION", "try so long to connect again when it is lost; default 30s",
             duration(work.patience)},
            {"--report", "FILE|DIR",
             "append the ids of processed messages; default: $JOBSCALER_REPORT", text(work.report)},
            {"--fail-on", "ID", "crash on this message, to show what a poison message does",
             text(work.fail_on)},
        },
        {
            {"--queue", "NAME", "must be there", text(work_queue.queue)},
            {"--prefetch", "N", "messages taken at once; default 1",
             number(work_queue.prefetch, 1, 65'535)},
            {"--url", "URL", "the broker; default: $AMQP_URL", text(url)},
        },
        {
            {"--topic", "NAME", "must be there", text(work_topic.topic)},
            {"--group", "NAME", "the consumer group that shares the work", text(work_topic.group)},
            {"--to", "TOPIC", "pass each message on to this topic when it is done",
             text(work_topic.to)},
            brokers_flag(),
            property_flag(),
        },
    };
  }

  /// What is wrong, or nothing; afterwards publish is complete.
  std::optional<std::string> run_publish(const std::vector<std::string>& args) {
    Given given;
    if (auto wrong = parse(publish_flags(), args, given)) return wrong;
    if (publish.count < 0) return "--count N is missing";
    if (given.of_topic.empty()) {
      if (auto wrong = find_broker(publish_queue.broker)) return wrong;
      publish.destination = publish_queue;
      return std::nullopt;
    }
    if (auto wrong = find_cluster()) return wrong;
    publish_topic.cluster = cluster;
    publish.destination = publish_topic;
    return std::nullopt;
  }

  /// What is wrong, or nothing; afterwards work is complete.
  std::optional<std::string> run_work(const std::vector<std::string>& args) {
    Given given;
    if (auto wrong = parse(work_flags(), args, given)) return wrong;
    if (given.of_topic.empty()) {
      if (auto wrong = find_broker(work_queue.broker)) return wrong;
      work.source = work_queue;
      return std::nullopt;
    }
    if (work_topic.group.empty()) return "--group NAME is missing";
    if (work_topic.to == work_topic.topic) return "--to and --topic are the same: it would not end";
    if (auto wrong = find_cluster()) return wrong;
    work_topic.cluster = cluster;
    work.source = work_topic;
    return std::nullopt;
  }

 private:
  Flag brokers_flag() {
    return {"--brokers", "HOST:PORT,...", "the cluster; default: $KAFKA_BROKERS",
            text(cluster.brokers)};
  }

  Flag property_flag() {
    return {"--property", "NAME=VALUE", "one of librdkafka's, such as security.protocol=ssl",
            [this](const std::string& value) {
              properties.push_back(value);
              return std::optional<std::string>();
            }};
  }

  /// What is wrong, or nothing; afterwards there is either a queue or a topic.
  std::optional<std::string> parse(const FlagGroups& groups, const std::vector<std::string>& args,
                                   Given& given) const {
    std::vector<Flag> flags = groups.common;
    append_noting(flags, groups.queue, given.of_queue);
    append_noting(flags, groups.topic, given.of_topic);
    if (auto wrong = parse_flags(flags, args)) return wrong;
    const bool queue = !publish_queue.queue.empty() || !work_queue.queue.empty();
    const bool topic = !publish_topic.topic.empty() || !work_topic.topic.empty();
    if (!given.of_queue.empty() && !given.of_topic.empty())
      return fmt::format("{} is about queues and {} about topics: they exclude each other",
                         given.of_queue, given.of_topic);
    if (!queue && !given.of_queue.empty()) return "--queue NAME is missing";
    if (!topic && !given.of_topic.empty()) return "--topic NAME is missing";
    if (!queue && !topic) return "--queue NAME or --topic NAME is missing";
    return std::nullopt;
  }

  std::optional<std::string> find_broker(Address& broker) const {
    if (url.empty()) return "no broker: give --url URL or set AMQP_URL";
    const auto parsed = parse_url(url);
    if (!parsed) return "--url: " + parsed.error().message;
    broker = *parsed;
    return std::nullopt;
  }

  std::optional<std::string> find_cluster() {
    if (cluster.brokers.empty()) return "no broker: give --brokers HOST:PORT or set KAFKA_BROKERS";
    for (const std::string& property : properties) {
      const auto equals = property.find('=');
      // Not repeated, as it may be a password.
      if (equals == 0 || equals == std::string::npos) return "--property needs NAME=VALUE";
      const std::string name = property.substr(0, equals);
      const auto own = std::find_if(kOwnProperties.begin(), kOwnProperties.end(),
                                    [&](const auto& candidate) { return name == candidate.first; });
      if (own != kOwnProperties.end()) return fmt::format("--property: {} {}", name, own->second);
      cluster.properties[name] = property.substr(equals + 1);
    }
    return std::nullopt;
  }
};

Leave help(const std::string& command, const FlagGroups& groups) {
  return {0, fmt::format("usage: jobscaler-demo {} [options]\n{}"
                         "a queue of RabbitMQ:\n{}"
                         "a topic of Kafka:\n{}"
                         "Exit status: 0 done, 1 the broker, the queue or the topic failed, 2 bad "
                         "usage.\n",
                         command, help_text(groups.common), help_text(groups.queue),
                         help_text(groups.topic))};
}

}  // namespace

Command parse_command(const std::vector<std::string>& args, const Environment& environment) {
  const std::string command = args.empty() ? "" : args.front();
  if (command == "--help" || command == "help") return Leave{0, kUsage};
  if (command != "publish" && command != "work") return Leave{2, kUsage};

  Parser parser;
  parser.url = environment.amqp_url;
  parser.cluster.brokers = environment.kafka_brokers;
  parser.work.report = environment.jobscaler_report;
  const bool publishes = command == "publish";
  const std::vector<std::string> rest(args.begin() + 1, args.end());
  if (std::count(rest.begin(), rest.end(), "--help") > 0)
    return help(command, publishes ? parser.publish_flags() : parser.work_flags());

  const auto wrong = publishes ? parser.run_publish(rest) : parser.run_work(rest);
  if (wrong) return bad_usage(command, *wrong);
  if (publishes) return parser.publish;
  return parser.work;
}

}  // namespace jobscaler::demo
