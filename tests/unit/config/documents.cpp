#include "documents.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

namespace jobscaler {

std::string Document::text() const {
  return fmt::format(
      "{}connections:\n"
      "  rabbit: {{rabbitmq: {}}}\n"
      "{}scalers:\n"
      "  - name: {}\n"
      "    rabbitmq: {}\n"
      "    scaleUp: {}\n"
      "    workers: {}\n"
      "{}    job: {}\n",
      top, connection, groups, name, source, scale_up, workers, scaler, job);
}

std::string KafkaDocument::text() const {
  return fmt::format(
      "connections:\n"
      "  events: {{kafka: {}}}\n"
      "scalers:\n"
      "  - name: clicks\n"
      "    kafka: {}\n"
      "    scaleUp: {{messagesAbove: 0}}\n"
      "    workers: {{max: 5}}\n"
      "    job: {}\n",
      connection, source, Document{}.job);
}

namespace {

std::string with(const std::string& job, const std::string& pod_template, const std::string& pod) {
  return Document{
      .job = fmt::format("{{{}template: {{{}spec: {{{}containers: [{{name: w, image: i}}]}}}}}}",
                         job, pod_template, pod)}
      .text();
}

}  // namespace

std::string with_job(const std::string& fields) {
  return with(fields, "", "");
}
std::string with_template(const std::string& fields) {
  return with("", fields, "");
}
std::string with_pod(const std::string& fields) {
  return with("", "", fields);
}

std::vector<std::string> problems_of(const std::string& yaml) {
  const ParsedConfig parsed = parse_config(yaml);
  std::vector<std::string> texts;
  bool error = false;
  for (const Problem& problem : parsed.problems) {
    texts.push_back(format_problem("f", problem));
    error = error || problem.severity == Problem::Severity::error;
  }
  CHECK(parsed.config.has_value() == !error);
  return texts;
}

void check(const std::vector<Case>& cases) {
  for (const Case& each : cases) {
    INFO(each.yaml);
    CHECK(problems_of(each.yaml) == each.problems);
  }
}

Config config_of(const std::string& yaml) {
  const ParsedConfig parsed = parse_config(yaml);
  for (const Problem& problem : parsed.problems) UNSCOPED_INFO(format_problem("f", problem));
  REQUIRE(parsed.config.has_value());
  return *parsed.config;
}

std::string read_whole_file(const std::string& file) {
  std::ifstream in(file);
  INFO(file);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace jobscaler
