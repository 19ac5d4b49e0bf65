#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "demo/url.h"

namespace jobscaler::demo {

struct PublishOptions {
  Address broker;
  std::string queue;
  int count = -1;                                 ///< -1: not given
  int size = 0;                                   ///< bytes of each message's body
  int rate = 0;                                   ///< messages per second; 0: as fast as it goes
  bool quorum = false;                            ///< the queue's type, if it is created
  std::optional<std::chrono::milliseconds> work;  ///< what each message asks of its worker
};

struct WorkOptions {
  Address broker;
  std::string queue;
  std::optional<std::chrono::milliseconds> idle;  ///< none: stay for ever
  std::optional<std::chrono::milliseconds> work;  ///< for every message, whatever it asks for
  int prefetch = 1;
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
  std::string jobscaler_report;  ///< $JOBSCALER_REPORT
};

/// `args` is the command line without the program's name.
Command parse_command(const std::vector<std::string>& args, const Environment& environment);

}  // namespace jobscaler::demo
