#include "config/sections.h"

namespace jobscaler::config {
namespace {

void read_connection(const std::string& name, const Value& value, Config& config) {
  if (!Name().valid(name)) value.error("the connection's name must be " + Name().allowed());
  const Mapping mapping(value, kConnectionKeys);
  const auto rabbitmq = mapping.find("rabbitmq");
  const auto kafka = mapping.find("kafka");
  if (rabbitmq) config.rabbitmq.push_back(read_rabbitmq_connection(name, *rabbitmq));
  if (kafka) config.kafka.push_back(read_kafka_connection(name, *kafka));
  require_one_broker(mapping);
}

}  // namespace

void read_connections(const Value& value, Config& config) {
  const std::string allowed = "a mapping of names to connections";
  const auto entries = value.entries(allowed);
  if (entries.empty() && value.node().kind == YamlNode::Kind::map) {
    value.error("must be " + allowed + ", found an empty one");
  }
  for (const auto& [name, entry] : entries) read_connection(name, entry, config);
}

}  // namespace jobscaler::config
