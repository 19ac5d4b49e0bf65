#include "config/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "config/text.h"

namespace jobscaler::config {
namespace {

bool is_plain_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

const YamlNode* child(const YamlNode& node, const Path::Step& step) {
  if (const auto* key = std::get_if<std::string>(&step)) return node.find(*key);
  const std::size_t index = std::get<std::size_t>(step);
  return index < node.items.size() ? &node.items[index] : nullptr;
}

/// Somebody may write a password where its {file: ...} belongs, and thus as a key: {hunter2}.
bool is_secret_below(const Path::Step& parent, const Path::Step& step) {
  const Path::Step file = "file";
  const Path::Step env = "env";
  return parent == Path::Step("password") && step != file && step != env;
}

}  // namespace

Path Path::operator/(std::string_view key) const {
  Path result = *this;
  result.steps_.emplace_back(std::string(key));
  return result;
}

Path Path::operator/(std::size_t index) const {
  Path result = *this;
  result.steps_.emplace_back(index);
  return result;
}

std::string Path::text() const {
  std::string result;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (i > 0 && is_secret_below(steps_[i - 1], steps_[i])) break;
    if (const auto* index = std::get_if<std::size_t>(&steps_[i])) {
      result += fmt::format("[{}]", *index);
      continue;
    }
    const auto& key = std::get<std::string>(steps_[i]);
    if (!is_plain_key(key)) {
      result += fmt::format("[{}]", quoted(key));
    } else {
      result += result.empty() ? key : "." + key;
    }
  }
  return result;
}

void Report::error_at(Mark mark, const Path& path, std::string text) {
  if (!reported_.emplace(mark, path).second) return;
  failed_.insert(path);
  add(Problem::Severity::error, mark, path, std::move(text));
}

void Report::warning_at(Mark mark, const Path& path, std::string text) {
  add(Problem::Severity::warning, mark, path, std::move(text));
}

void Report::add(Problem::Severity severity, Mark mark, const Path& path, std::string text) {
  problems_.push_back({severity, mark.line, mark.column, path.text(), std::move(text)});
}

namespace {

Mark locate(const YamlNode& root, const Path& path) {
  const YamlNode* node = &root;
  for (const Path::Step& step : path.steps()) {
    const YamlNode* next = child(*node, step);
    if (next == nullptr) break;
    node = next;
  }
  return node->mark;
}

}  // namespace

void Report::error(const Path& path, std::string text) {
  error_at(locate(*root_, path), path, std::move(text));
}

void Report::warning(const Path& path, std::string text) {
  warning_at(locate(*root_, path), path, std::move(text));
}

bool Report::clean(const Path& path) const {
  // Paths are ordered step by step: what lies within `path` follows it directly.
  const auto next = failed_.lower_bound(path);
  if (next == failed_.end() || next->steps().size() < path.steps().size()) return true;
  return !std::equal(path.steps().begin(), path.steps().end(), next->steps().begin());
}

std::vector<Problem> Report::take() {
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::move(problems_);
}

const YamlNode* find(const YamlNode& root, const Path& path) {
  const YamlNode* node = &root;
  for (const Path::Step& step : path.steps()) {
    if (node == nullptr) break;
    node = child(*node, step);
  }
  return node;
}

}  // namespace jobscaler::config
