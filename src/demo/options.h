#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "demo/url.h"

namespace jobscaler::demo {

struct KafkaCluster {
  std::string brokers;  ///< "host:port,host:port"
  /// librdkafka's, by name: those of the demo give way to them.
  std::map<std::string, std::string> properties;
};

struct PublishToQueue {
  Address broker;
  std::string queue;
  bool quorum = false;  ///< the queue's type, if it is created
};

struct PublishToTopic {
  KafkaCluster cluster;
  std::string topic;
  int partitions = 0;  ///< it is created with, or has to have; 0: it has to be there
};

struct PublishOptions {
  std::variant<PublishToQueue, PublishToTopic> destination;
  int count = -1;                                 ///< -1: not given
  int size = 0;                                   ///< bytes of each message's body
  int rate = 0;                                   ///< messages per second; 0: as fast as it goes
  std::optional<std::chrono::milliseconds> work;  ///< what each message asks of its worker
};

struct WorkOnQueue {
  Address broker;
  std::string queue;
  int prefetch = 1;
};

struct WorkOnTopic {
  KafkaCluster cluster;
  std::string topic;
  std::string group;
  std::string to;  ///< the topic that each message is passed on to; empty: none
};

struct WorkOptions {
  std::variant<WorkOnQueue, WorkOnTopic> source;
  std::optional<std::chrono::milliseconds> idle;  ///< none: stay for ever
  std::optional<std::chrono::milliseconds> work;  ///< for every message, whatever it asks for
  /// How long a lost connection is tried to be made anew.
  std::chrono::milliseconds patience = std::chrono::seconds(30);
  std::string report;   ///< file, or directory in which each worker has its own; empty: none
  std::string fail_on;  ///< the id of a message on which the worker crashes; empty: none
};

/// Print this and leave.
struct Leave {
  int status = 0;    ///< 0: help was asked for (stdout); 2: bad usage (stderr)
  std::string text;  ///< ends with a newline
};

using Command = std::variant<PublishOptions, WorkOptions, Leave>;

/// Defaults that a container is given more easily than arguments; empty: not set.
struct Environment {
  std::string amqp_url;          ///< $AMQP_URL
  std::string kafka_brokers;     ///< $KAFKA_BROKERS
  std::string jobscaler_report;  ///< $JOBSCALER_REPORT
};

/// `args` is the command line without the program's name.
Command parse_command(const std::vector<std::string>& args, const Environment& environment);

}  // namespace jobscaler::demo
