#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/document.h"

namespace jobscaler::config {

/// The way from the document's root to a value: scalers[0].workers.max
class Path {
 public:
  using Step = std::variant<std::size_t, std::string>;

  Path() = default;
  Path operator/(std::string_view key) const;
  Path operator/(std::size_t index) const;

  std::string text() const;
  const std::vector<Step>& steps() const { return steps_; }
  bool operator<(const Path& other) const { return steps_ < other.steps_; }

 private:
  std::vector<Step> steps_;
};

/// Collects the problems. The first error at a place and path wins, so that one mistake is reported
/// once.
class Report {
 public:
  void error_at(Mark mark, const Path& path, std::string text);
  void warning_at(Mark mark, const Path& path, std::string text);

  /// Points at the value of that path or, where that is missing, at the deepest parent that exists.
  /// REQUIRES: look_in() has been called.
  void error(const Path& path, std::string text);
  void warning(const Path& path, std::string text);
  void look_in(const YamlNode& root) { root_ = &root; }  // must outlive the report's use

  /// No error has been reported for this value or within it: what was read of it can be used.
  bool clean(const Path& path) const;
  bool has_errors() const { return !failed_.empty(); }

  /// In the order of the file.
  std::vector<Problem> take();

 private:
  void add(Problem::Severity severity, Mark mark, const Path& path, std::string text);

  const YamlNode* root_ = nullptr;
  std::vector<Problem> problems_;
  std::set<Path> failed_;
  std::set<std::pair<Mark, Path>> reported_;
};

/// The value at that path, null if there is none.
const YamlNode* find(const YamlNode& root, const Path& path);

}  // namespace jobscaler::config
