#include "telemetry/log.h"

#include <catch2/catch.hpp>

using namespace jobscaler;
using namespace jobscaler::telemetry;

namespace {

// 2024-01-02T12:00:05.113Z
const WallClock::time_point kNow{std::chrono::milliseconds(1704196805113)};

LogLine line_saying(std::string text) {
  return {.level = Level::info,
          .subject = "orders",
          .reason = {},
          .text = std::move(text),
          .fields = {}};
}

}  // namespace

TEST_CASE("a text line is time, level, subject and text") {
  CHECK(format_text(line_saying("orders-41 ready after 1.7s"), kNow) ==
        "12:00:05.113 INFO  orders  orders-41 ready after 1.7s\n");
}

TEST_CASE("a decision's line names its reason first") {
  LogLine line = line_saying("20 of 20 workers");
  line.reason = "at_max";
  line.level = Level::warn;
  CHECK(format_text(line, kNow) == "12:00:05.113 WARN  orders  at_max: 20 of 20 workers\n");
}

TEST_CASE("a line stays one line whatever a server says") {
  CHECK(format_text(line_saying("refused:\nfirst\r\n\tsecond\x1b[31m"), kNow) ==
        "12:00:05.113 INFO  orders  refused: first   second [31m\n");
}

TEST_CASE("a JSON line carries the same, and the numbers as fields") {
  LogLine line = line_saying("3 waiting (> 1)");
  line.reason = "messages_above";
  line.fields = {{"waiting", "3"}, {"start", "true"}};
  CHECK(format_json(line, kNow) ==
        R"({"time":"2024-01-02T12:00:05.113Z","level":"INFO","subject":"orders",)"
        R"~("reason":"messages_above","text":"3 waiting (> 1)","waiting":3,"start":true})~"
        "\n");
}

TEST_CASE("a JSON string is valid JSON for every byte sequence") {
  CHECK(json_string("a\"b\\c") == R"("a\"b\\c")");
  CHECK(json_string("tab\tnewline\n") == R"("tab\u0009newline\u000a")");
  CHECK(json_string("gr\u00fc\u00df \u20ac \U0001F600") == "\"gr\u00fc\u00df \u20ac \U0001F600\"");

  SECTION("ill-formed UTF-8 becomes U+FFFD, byte by byte") {
    CHECK(json_string("\xff") == R"("\ufffd")");
    CHECK(json_string("cut \xe2\x82") == R"("cut \ufffd\ufffd")");
    CHECK(json_string("overlong \xc0\xaf") == R"("overlong \ufffd\ufffd")");
    CHECK(json_string("surrogate \xed\xa0\x80") == R"("surrogate \ufffd\ufffd\ufffd")");
    CHECK(json_string("above U+10FFFF \xf4\x90\x80\x80") ==
          R"("above U+10FFFF \ufffd\ufffd\ufffd\ufffd")");
  }
}

TEST_CASE("lines below the log's level are not written") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  Log log(file, LogFormat::text, Level::warn);
  log.write(line_saying("not this one"));
  CHECK(std::ftell(file) == 0);
  LogLine warning = line_saying("this one");
  warning.level = Level::warn;
  log.write(warning);
  CHECK(std::ftell(file) > 0);
  std::fclose(file);
}
