#pragma once

#include <string_view>
#include <vector>

namespace jobscaler::config {

/// The keys of one kind of mapping, in the order in which messages list them.
struct Keys {
  std::string_view path;  ///< of such a mapping; * stands for any name, [] for any index
  std::vector<std::string_view> names;
};

extern const Keys kTopKeys;
extern const Keys kKubernetesKeys;
extern const Keys kConnectionKeys;
extern const Keys kRabbitmqConnectionKeys;
extern const Keys kKafkaConnectionKeys;
extern const Keys kSaslKeys;
extern const Keys kSecretKeys;
extern const Keys kKafkaSecretKeys;
extern const Keys kTlsKeys;
extern const Keys kKafkaTlsKeys;
extern const Keys kNodeGroupKeys;
extern const Keys kTolerationKeys;
extern const Keys kScalerKeys;
extern const Keys kRabbitmqSourceKeys;
extern const Keys kKafkaSourceKeys;
extern const Keys kScaleUpKeys;
extern const Keys kWorkersKeys;

/// All of the above, for the tests that hold the sample and the JSON Schema against them.
std::vector<const Keys*> all_keys();

}  // namespace jobscaler::config
