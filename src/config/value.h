#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/document.h"
#include "config/keys.h"
#include "config/report.h"

namespace jobscaler::config {

/// A value of the file on its way into the configuration. Refers to the document and the report,
/// which must outlive it.
class Value {
 public:
  Value(const YamlNode& node, Path path, Report& report)
      : node_(&node), path_(std::move(path)), report_(&report) {}

  const YamlNode& node() const { return *node_; }
  const Path& path() const { return path_; }
  Report& report() const { return *report_; }

  void error(std::string text) const { report_->error_at(node_->mark, path_, std::move(text)); }
  void warning(std::string text) const { report_->warning_at(node_->mark, path_, std::move(text)); }

  /// "must be <allowed>, found <what it is>", without showing the value itself.
  void expected(std::string_view allowed) const;

  std::optional<Value> find(std::string_view key) const;

  /// The values of a list. What is not a list, or is empty, is reported.
  std::vector<Value> items(std::string_view allowed) const;

  /// The entries of a mapping whose keys are free. What is not a mapping is reported.
  std::vector<std::pair<std::string, Value>> entries(std::string_view allowed) const;

 private:
  const YamlNode* node_;
  Path path_;
  Report* report_;
};

/// What kind of thing a node is, in words: "a mapping", "nothing", "a number".
std::string_view kind_of(const YamlNode& node);

/// The node's text, for a message; for a scalar that cannot be a secret.
std::string shown(const YamlNode& node);

/// A mapping whose keys are known. `rule` below is anything with
///     std::string allowed() const;                       // "a whole number from 1 to 10"
///     std::optional<T> read(const Value& value) const;   // reports why it returns nothing
/// and `out` keeps its value, the default, if there is nothing that can be read.
class Mapping {
 public:
  /// Reports a value that is not a mapping, and every key that is not one of `keys`.
  Mapping(const Value& value, const Keys& keys);

  std::optional<Value> find(std::string_view key) const { return value_.find(key); }
  /// Reports a missing key: "missing; must be <allowed>".
  std::optional<Value> require(std::string_view key, std::string_view allowed) const;

  template <typename Rule, typename T>
  void optional(std::string_view key, const Rule& rule, T& out) const {
    if (const auto value = find(key)) assign(rule, *value, out);
  }

  template <typename Rule, typename T>
  void required(std::string_view key, const Rule& rule, T& out) const {
    if (const auto value = require(key, rule.allowed())) assign(rule, *value, out);
  }

  const Value& value() const { return value_; }

 private:
  template <typename Rule, typename T>
  static void assign(const Rule& rule, const Value& value, T& out) {
    if (auto read = rule.read(value)) out = std::move(*read);
  }

  Value value_;
};

/// "a mapping with the keys a, b or c"
std::string mapping_with(const Keys& keys);

}  // namespace jobscaler::config
