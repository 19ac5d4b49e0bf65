#include "http/line_splitter.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace jobscaler::http {
namespace {

using Lines = std::vector<std::string>;

Lines lines_of(const std::vector<std::string>& pieces) {
  Lines lines;
  const auto keep = [&](const std::string& line) {
    lines.push_back(line);
    return true;
  };
  LineSplitter splitter;
  for (const auto& piece : pieces) CHECK(splitter.split(piece, keep));
  splitter.end(keep);
  return lines;
}

TEST_CASE("lines are the same wherever a stream is cut into pieces") {
  const std::string text = "one\n\r\ntwo\r\nth\rree\n\nrest";
  const Lines expected = {"one", "", "two", "th\rree", "", "rest"};
  CHECK(lines_of({text}) == expected);
  for (std::size_t i = 0; i <= text.size(); ++i) {
    CAPTURE(i);
    CHECK(lines_of({text.substr(0, i), text.substr(i)}) == expected);
  }
  Lines bytes;
  for (const char byte : text) bytes.emplace_back(1, byte);
  CHECK(lines_of(bytes) == expected);
}

TEST_CASE("a stream that ends after a line has no further one") {
  CHECK(lines_of({"one\n"}) == Lines{"one"});
  CHECK(lines_of({}).empty());
}

TEST_CASE("no line is handed over after one that was not wanted") {
  Lines lines;
  LineSplitter splitter;
  const bool more = splitter.split("one\ntwo\nthree\n", [&](const std::string& line) {
    lines.push_back(line);
    return line != "two";
  });
  CHECK_FALSE(more);
  CHECK(lines == Lines{"one", "two"});
}

}  // namespace
}  // namespace jobscaler::http
