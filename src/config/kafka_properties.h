#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"

namespace jobscaler::config {

/// The one property that a user may write and that jobscaler sets itself: from `tls` and `sasl`,
/// with which it must agree.
constexpr std::string_view kSecurityProtocol = "security.protocol";

/// "SASL_SSL", as Kafka calls it.
std::string_view security_protocol(const KafkaSecurity& security);

/// Why one of librdkafka's properties is not for users to set, and what to write instead if there
/// is something; absent if it is. Names that librdkafka does not know are not refused here but by
/// librdkafka, when the connection is opened.
std::optional<std::string> refused_property(std::string_view name);

}  // namespace jobscaler::config
