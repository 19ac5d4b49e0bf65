#pragma once

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>

#include "jobscaler/result.h"

namespace jobscaler::demo {

using Clock = std::chrono::steady_clock;

/// What went wrong with a broker; what() names the broker. kind unavailable: the connection is
/// gone and another one may work; anything else: a person must act.
class BrokerError : public std::runtime_error {
 public:
  BrokerError(ErrorKind kind, const std::string& text) : std::runtime_error(text), kind_(kind) {}
  ErrorKind kind() const { return kind_; }

 private:
  ErrorKind kind_;
};

struct Outgoing {
  std::string id;
  std::string body;
  std::chrono::milliseconds work{0};  ///< what the message asks for
  std::optional<std::string> key;     ///< Kafka only
};

/// The header that carries the requested work, in milliseconds.
inline constexpr const char* kWorkHeader = "work-ms";
/// The header that carries the id; Kafka only, as AMQP has a property for it.
inline constexpr const char* kIdHeader = "message-id";

}  // namespace jobscaler::demo
