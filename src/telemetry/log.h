#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "jobscaler/engine.h"

namespace jobscaler::telemetry {

enum class LogFormat { text, json };

/// One line of the log. `fields` are the numbers behind the text: values are JSON (numbers, quoted
/// strings, objects); the text format leaves them out because the text says them in words.
struct LogLine {
  Level level = Level::info;
  std::string subject;  ///< a scaler, a connection, "kubernetes", "jobscaler"
  std::string reason;   ///< of a decision; empty for everything else
  std::string text;
  std::vector<std::pair<std::string, std::string>> fields;
};

using WallClock = std::chrono::system_clock;

/// "12:00:05.113 INFO  orders  messages_above: 240 waiting" in UTC. Whatever the text holds, the
/// result is one line: control characters (a server's words may carry newlines) become spaces.
std::string format_text(const LogLine& line, WallClock::time_point now);

/// One JSON object, with the time in RFC 3339.
std::string format_json(const LogLine& line, WallClock::time_point now);

/// `text` as a JSON string, quotes included. Invalid UTF-8 becomes U+FFFD.
std::string json_string(const std::string& text);

/// Writes lines, flushed one by one so that whoever tails them sees them at once. Not thread-safe:
/// only the loop thread logs; other threads post Notes to it.
class Log {
 public:
  /// `out` is not owned. Lines below `threshold` are dropped.
  Log(std::FILE* out, LogFormat format, Level threshold)
      : out_(out), format_(format), threshold_(threshold) {}

  void write(const LogLine& line);
  bool writes(Level level) const { return level >= threshold_; }

 private:
  std::FILE* out_;
  LogFormat format_;
  Level threshold_;
};

}  // namespace jobscaler::telemetry
