#include "config/value.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/plain.h"
#include "config/text.h"

namespace jobscaler::config {

std::string_view kind_of(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a mapping";
    case YamlNode::Kind::scalar:
      break;
  }
  if (node.quoted) return "a string";
  switch (classify(node.text)) {
    case Plain::text:
      return "a string";
    case Plain::null:
      return "nothing";
    case Plain::boolean:
    case Plain::boolean_word:
      return "a boolean";
    default:
      return "a number";
  }
}

std::string shown(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar) return std::string(kind_of(node));
  const std::string text = quoted(node.text);
  return node.quoted ? "the string " + text : text.substr(1, text.size() - 2);
}

void Value::expected(std::string_view allowed) const {
  error(fmt::format("must be {}, found {}", allowed, kind_of(*node_)));
}

std::optional<Value> Value::find(std::string_view key) const {
  const YamlNode* node = node_->find(key);
  if (node == nullptr) return std::nullopt;
  return Value(*node, path_ / key, *report_);
}

std::vector<Value> Value::items(std::string_view allowed) const {
  if (node_->kind != YamlNode::Kind::list) {
    expected(allowed);
  } else if (node_->items.empty()) {
    error(fmt::format("must be {}, found an empty list", allowed));
  }
  std::vector<Value> result;
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    result.emplace_back(node_->items[i], path_ / i, *report_);
  }
  return result;
}

std::vector<std::pair<std::string, Value>> Value::entries(std::string_view allowed) const {
  if (node_->kind != YamlNode::Kind::map) expected(allowed);
  std::vector<std::pair<std::string, Value>> result;
  for (const YamlNode::Entry& entry : node_->entries) {
    result.emplace_back(entry.key, Value(entry.value, path_ / entry.key, *report_));
  }
  return result;
}

std::string mapping_with(const Keys& keys) {
  return fmt::format("a mapping with the key{} {}", keys.names.size() > 1 ? "s" : "",
                     enumerate(keys.names, ", "));
}

Mapping::Mapping(const Value& value, const Keys& keys) : value_(value) {
  if (value.node().kind != YamlNode::Kind::map) value.expected(mapping_with(keys));
  for (const YamlNode::Entry& entry : value.node().entries) {
    const auto known = std::find(keys.names.begin(), keys.names.end(), entry.key);
    if (known != keys.names.end()) continue;
    const std::string guess = did_you_mean(entry.key, keys.names);
    value.report().error_at(entry.mark, value.path() / entry.key,
                            fmt::format("unknown key{} Allowed here: {}",
                                        guess.empty() ? "." : guess, enumerate(keys.names, ", ")));
  }
}

std::optional<Value> Mapping::require(std::string_view key, std::string_view allowed) const {
  auto found = find(key);
  if (!found && value_.node().kind == YamlNode::Kind::map) {
    value_.report().error_at(value_.node().mark, value_.path() / key,
                             fmt::format("missing; must be {}", allowed));
  }
  return found;
}

}  // namespace jobscaler::config
