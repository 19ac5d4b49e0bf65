#include "config/keys.h"

namespace jobscaler::config {

const Keys kTopKeys = {"", {"pollInterval", "kubernetes", "connections", "nodeGroups", "scalers"}};
const Keys kKubernetesKeys = {"kubernetes",
                              {"namespace", "kubeconfig", "context", "instance", "timeout"}};
const Keys kConnectionKeys = {"connections.*", {"rabbitmq", "kafka"}};
const Keys kRabbitmqConnectionKeys = {
    "connections.*.rabbitmq",
    {"host", "port", "vhost", "username", "password", "management", "tls", "timeout"}};
const Keys kKafkaConnectionKeys = {"connections.*.kafka",
                                   {"bootstrapServers", "tls", "sasl", "properties", "timeout"}};
const Keys kSaslKeys = {"connections.*.kafka.sasl", {"mechanism", "username", "password"}};
const Keys kSecretKeys = {"connections.*.rabbitmq.password", {"file", "env"}};
const Keys kKafkaSecretKeys = {"connections.*.kafka.sasl.password", kSecretKeys.names};
const Keys kTlsKeys = {"connections.*.rabbitmq.tls", {"ca", "certificate", "key", "verify"}};
const Keys kKafkaTlsKeys = {"connections.*.kafka.tls", kTlsKeys.names};
const Keys kNodeGroupKeys = {
    "nodeGroups[]", {"name", "window", "maxWorkers", "nodeSelector", "tolerations", "nodeTimeout"}};
const Keys kTolerationKeys = {"nodeGroups[].tolerations[]",
                              {"key", "operator", "value", "effect", "tolerationSeconds"}};
const Keys kScalerKeys = {
    "scalers[]",
    {"name", "paused", "mode", "pollInterval", "rabbitmq", "kafka", "scaleUp", "workers", "job"}};
const Keys kRabbitmqSourceKeys = {"scalers[].rabbitmq", {"connection", "queue", "age"}};
const Keys kKafkaSourceKeys = {
    "scalers[].kafka",
    {"connection", "group", "topics", "whenNoOffset", "isolationLevel", "limitTo"}};
const Keys kScaleUpKeys = {"scalers[].scaleUp", {"messagesAbove", "oldestAbove", "settle"}};
const Keys kWorkersKeys = {
    "scalers[].workers",
    {"min", "max", "messagesPerWorker", "nodeGroups", "readyTimeout", "stuckAfter", "stuckKeep"}};

std::vector<const Keys*> all_keys() {
  return {&kTopKeys,
          &kKubernetesKeys,
          &kConnectionKeys,
          &kRabbitmqConnectionKeys,
          &kKafkaConnectionKeys,
          &kSaslKeys,
          &kSecretKeys,
          &kKafkaSecretKeys,
          &kTlsKeys,
          &kKafkaTlsKeys,
          &kNodeGroupKeys,
          &kTolerationKeys,
          &kScalerKeys,
          &kRabbitmqSourceKeys,
          &kKafkaSourceKeys,
          &kScaleUpKeys,
          &kWorkersKeys};
}

}  // namespace jobscaler::config
