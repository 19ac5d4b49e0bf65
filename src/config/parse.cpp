#include <fmt/format.h>

#include "config/config.h"
#include "config/document.h"
#include "config/file.h"
#include "config/report.h"
#include "config/sections.h"

namespace jobscaler {
namespace {

constexpr std::size_t kMaxFile = 1'048'576;  // what a ConfigMap can hold

ParsedConfig refuse(std::string text) {
  return {std::nullopt, {{Problem::Severity::error, 0, 0, "", std::move(text)}}};
}

}  // namespace

ParsedConfig parse_config(const std::string& yaml) {
  if (yaml.size() > kMaxFile)
    return refuse(fmt::format("the file is larger than {} bytes", kMaxFile));
  config::Report report;
  const auto root = config::read_document(yaml, report);
  if (root && root->kind != config::YamlNode::Kind::null) {
    report.look_in(*root);
    Config config = config::read_config(config::Value(*root, config::Path(), report));
    config::check_agreement(config, *root, report);
    if (!report.has_errors()) return {std::move(config), report.take()};
  } else if (!report.has_errors()) {
    return refuse("the file is empty; it needs at least connections and scalers");
  }
  return {std::nullopt, report.take()};
}

Result<std::string> read_config(const std::string& file) {
  return config::read_file(file, kMaxFile);
}

ParsedConfig parse_config(const Result<std::string>& text) {
  return text ? parse_config(*text) : refuse("the file " + text.error().message);
}

ParsedConfig load_config(const std::string& file) {
  return parse_config(read_config(file));
}

std::string format_problem(const std::string& file, const Problem& problem) {
  const bool error = problem.severity == Problem::Severity::error;
  const std::string place =
      problem.line == 0 ? "" : fmt::format("{}:{}:", problem.line, problem.column);
  return fmt::format("{}:{} {}: {}{}{}", file, place, error ? "error" : "warning", problem.path,
                     problem.path.empty() ? "" : ": ", problem.text);
}

}  // namespace jobscaler
