#pragma once

#include <map>
#include <string>

#include "config/config.h"

namespace jobscaler::kafka {

/// librdkafka's configuration, by name.
using Properties = std::map<std::string, std::string>;

/// Of a handle that asks what `group` has committed, and is never a member of it.
Properties group_properties(const KafkaConnection& settings, const std::string& password,
                            const std::string& group);

/// Of a handle that reads logs: their ends as `isolation` defines them, and single records. It
/// carries the name of a `group` that is read anyway, because librdkafka wants one and a user may
/// be allowed that one alone; it is never a member of it either.
Properties log_properties(const KafkaConnection& settings, const std::string& password,
                          const std::string& group, Isolation isolation);

/// "kafka-1:9092,kafka-2:9092"
std::string broker_list(const KafkaConnection& settings);

}  // namespace jobscaler::kafka
