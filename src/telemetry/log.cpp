#include "telemetry/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace jobscaler::telemetry {
namespace {

int milliseconds_of(WallClock::time_point now) {
  auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch());
  return static_cast<int>(since_epoch.count() % 1000);
}

std::tm utc(WallClock::time_point now) {
  return fmt::gmtime(WallClock::to_time_t(std::chrono::floor<std::chrono::seconds>(now)));
}

std::string on_one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

/// Length of the well-formed UTF-8 sequence at `at`, or 0 (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF).
std::size_t utf8_length(const std::string& text, std::size_t at) {
  auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  unsigned first = byte(at);
  if (first < 0x80) return 1;
  std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return 0;
  }
  unsigned second = byte(at + 1);
  bool ill_formed = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return ill_formed ? 0 : length;
}

}  // namespace

std::string json_string(const std::string& text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    auto c = static_cast<unsigned char>(text[i]);
    std::size_t length = utf8_length(text, i);
    if (length == 0) {
      out += "\\ufffd";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += text[i];
    } else if (c < 0x20 || c == 0x7f) {
      out += fmt::format("\\u{:04x}", c);
    } else {
      out.append(text, i, length);
    }
    i += length == 0 ? 1 : length;
  }
  return out + '"';
}

std::string format_text(const LogLine& line, WallClock::time_point now) {
  return fmt::format("{:%H:%M:%S}.{:03} {:<5} {}  {}{}{}\n", utc(now), milliseconds_of(now),
                     to_string(line.level), on_one_line(line.subject), line.reason,
                     line.reason.empty() ? "" : ": ", on_one_line(line.text));
}

std::string format_json(const LogLine& line, WallClock::time_point now) {
  std::string out =
      fmt::format("{{\"time\":\"{:%Y-%m-%dT%H:%M:%S}.{:03}Z\",\"level\":\"{}\",\"subject\":{}",
                  utc(now), milliseconds_of(now), to_string(line.level), json_string(line.subject));
  if (!line.reason.empty()) out += ",\"reason\":" + json_string(line.reason);
  out += ",\"text\":" + json_string(line.text);
  for (const auto& [name, value] : line.fields) out += fmt::format(",\"{}\":{}", name, value);
  return out + "}\n";
}

void Log::write(const LogLine& line) {
  if (!writes(line.level)) return;
  auto now = WallClock::now();
  std::string text = format_ == LogFormat::json ? format_json(line, now) : format_text(line, now);
  std::fwrite(text.data(), 1, text.size(), out_);
  std::fflush(out_);
}

}  // namespace jobscaler::telemetry
