#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "documents.h"

namespace jobscaler {
namespace {

std::string repeated(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

/// What holds for any text whatever: an answer, its problems in order and within the file.
void check_answer(const std::string& yaml) {
  const ParsedConfig parsed = parse_config(yaml);
  const auto lines = 2 + std::count(yaml.begin(), yaml.end(), '\n');
  bool error = false;
  const Problem* before = nullptr;
  for (const Problem& problem : parsed.problems) {
    error = error || problem.severity == Problem::Severity::error;
    const bool placed = problem.line >= 0 && problem.line <= lines && problem.column >= 0 &&
                        (problem.line == 0) == (problem.column == 0);
    const bool ordered = before == nullptr || std::pair(before->line, before->column) <=
                                                  std::pair(problem.line, problem.column);
    if (!placed || !ordered || problem.text.empty()) FAIL(format_problem(yaml, problem));
    before = &problem;
  }
  if (error == parsed.config.has_value()) FAIL("neither refused nor parsed:\n" << yaml);
}

TEST_CASE("nesting is limited") {
  for (const int depth : {65, 70, 600, 100'000}) {
    CHECK(problems_of("a: " + repeated("[", depth) + repeated("]", depth) + "\n") ==
          std::vector<std::string>{"f:1:67: error: nested more than 64 levels deep"});
  }
  check_answer(repeated("[", 100'000));
  check_answer(repeated("{a: ", 100'000));
  check_answer(repeated("- ", 100'000));
  check_answer(repeated("? ", 100'000));
}

TEST_CASE("a small file does not grow large through aliases") {
  std::string yaml = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char name = 'b'; name <= 'j'; ++name) {
    const std::string before = fmt::format("*{}, ", static_cast<char>(name - 1));
    yaml += fmt::format("{0}: &{0} [{1}]\n", name, repeated(before, 10));
  }
  CHECK(problems_of(yaml) ==
        std::vector<std::string>{
            "f:5:32: error: the aliases up to here stand for more than 100000 values"});
}

TEST_CASE("a small file does not grow large through an alias of a long string") {
  const std::string yaml =
      fmt::format("a: &a \"{}\"\nb: [{}]\n", std::string(400'000, 'x'), repeated("*a, ", 40'000));
  CHECK(problems_of(yaml) ==
        std::vector<std::string>{
            "f:2:61: error: the aliases up to here stand for more than 100000 values"});
}

TEST_CASE("nesting is limited through aliases too") {
  const std::string deep = repeated("[", 40) + repeated("]", 40);
  CHECK(problems_of("a: &a " + deep + "\nb: " + repeated("[", 23) + "*a" + repeated("]", 23) + "\n")
            .size() != 1);  // 64 with the mapping
  CHECK(problems_of("a: &a " + deep + "\nb: " + repeated("[", 24) + "*a" + repeated("]", 24) +
                    "\n") ==
        std::vector<std::string>{"f:2:28: error: nested more than 64 levels deep"});
}

TEST_CASE("a file that no ConfigMap could hold is not read") {
  CHECK(problems_of(std::string(1'048'577, '#')) ==
        std::vector<std::string>{"f: error: the file is larger than 1048576 bytes"});
}

TEST_CASE("a thousand scalers are no problem") {
  std::string yaml = "connections: {rabbit: {rabbitmq: {host: rabbit}}}\nscalers:\n";
  for (int i = 0; i < 1000; ++i) {
    yaml += fmt::format(
        "  - {{name: s{0}, rabbitmq: {{connection: rabbit, queue: q{0}}}, "
        "scaleUp: {{messagesAbove: 0}}, workers: {{max: 5}}, "
        "job: {{template: {{spec: {{containers: [{{name: w, image: i}}]}}}}}}}}\n",
        i);
  }
  CHECK(config_of(yaml).scalers.size() == 1000);
}

TEST_CASE("very long and very many keys, names and scalars get an answer") {
  const std::string long_word(500'000, 'x');
  check_answer(long_word + ": 1\n");
  check_answer("a: " + std::string(500'000, '9') + "\n");
  check_answer(Document{.name = long_word}.text());
  check_answer(Document{.workers = "{max: " + std::string(500'000, '9') + "}"}.text());
  check_answer(
      Document{.workers = "{max: 5, readyTimeout: " + std::string(500'000, '9') + "s}"}.text());
  check_answer(with_pod("x: 1." + std::string(300'000, '0') + "1, "));
  std::string keys;
  std::string connections = "connections:\n";
  for (int i = 0; i < 40'000; ++i) {
    keys += fmt::format("k{}: 1\n", i);
    if (i < 20'000) connections += fmt::format("  c{}: {{rabbitmq: 1}}\n", i);
  }
  check_answer(keys);
  check_answer(connections);
}

/// Byte edits that keep the text similar enough to get past the YAML parser often.
void mutate(std::string& text, std::mt19937& random) {
  static const std::string kInteresting =
      std::string("{}[]:,-#&*!|>'\"%@`?~<\t\n \\\xff") + '\0' + "0123456789yesnoff.aA_";
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  if (text.empty()) text = " ";
  const std::size_t at = below(text.size());
  switch (below(6)) {
    case 0:
      text.resize(at);
      break;
    case 1:
      text.erase(at, 1 + below(20));
      break;
    case 2:
      text[at] = kInteresting[below(kInteresting.size())];
      break;
    case 3:
      text.insert(at, 1, kInteresting[below(kInteresting.size())]);
      break;
    case 4:
      text.insert(at, text.substr(below(text.size()), below(60)));
      break;
    default:
      text.insert(at, 1 + below(4), ' ');
  }
}

TEST_CASE("any damage to the sample gets an answer") {
  const std::string sample = read_whole_file(CONFIG_DIR "/jobscaler.yaml");
  const std::string quickstart = read_whole_file(CONFIG_DIR "/quickstart.yaml");
  std::mt19937 random(20261122);  // NOLINT: the same texts in every run
  for (int i = 0; i < 4000; ++i) {
    std::string text = i % 2 == 0 ? sample : quickstart;
    const unsigned edits = 1 + random() % 8;
    for (unsigned edit = 0; edit < edits; ++edit) mutate(text, random);
    check_answer(text);
  }
}

TEST_CASE("the sample cut off anywhere gets an answer") {
  const std::string sample = read_whole_file(CONFIG_DIR "/quickstart.yaml");
  for (std::size_t size = 0; size < sample.size(); ++size) check_answer(sample.substr(0, size));
}

TEST_CASE("noise gets an answer") {
  std::mt19937 random(5);  // NOLINT: the same texts in every run
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int byte = 0; byte < 40; ++byte) mutate(text, random);
    check_answer(text);
  }
}

}  // namespace
}  // namespace jobscaler
