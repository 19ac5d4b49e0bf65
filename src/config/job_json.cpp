#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "config/job.h"
#include "config/plain.h"

namespace jobscaler::config {
namespace {

void append_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

/// Digits are passed on as they stand, so that nothing is rounded.
void append_integer(const Value& value, std::string& out) {
  const std::string& text = value.node().text;
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) {
    return value.error("the number does not fit into 64 bits; quote it if it is meant as a string");
  }
  out += std::to_string(number);
}

/// As kubectl sends it: 5.0 becomes 5, which the API server takes for an integer.
void append_real(const Value& value, std::string& out) {
  const std::string& text = value.node().text;
  double number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc()) {
    return value.error("the number does not fit a double; quote it if it is meant as a string");
  }
  const bool plain = number == 0 || (std::abs(number) >= 1e-6 && std::abs(number) < 1e21);
  std::array<char, 64> digits;
  const auto printed =
      std::to_chars(digits.data(), digits.data() + digits.size(), number,
                    plain ? std::chars_format::fixed : std::chars_format::scientific);
  out.append(digits.data(), printed.ptr);
}

void append_scalar(const Value& value, std::string& out) {
  const YamlNode& node = value.node();
  const Plain plain = node.quoted ? Plain::text : classify(node.text);
  if (is_ambiguous(plain)) return value.error(std::string(explain(plain)));
  switch (plain) {
    case Plain::null:
      out += "null";
      break;
    case Plain::boolean:
      out += node.text[0] == 't' || node.text[0] == 'T' ? "true" : "false";
      break;
    case Plain::integer:
      append_integer(value, out);
      break;
    case Plain::real:
      append_real(value, out);
      break;
    default:
      append_string(node.text, out);
  }
}

void append(const Value& value, std::string& out);

void append_list(const Value& value, std::string& out) {
  out += '[';
  for (std::size_t i = 0; i < value.node().items.size(); ++i) {
    if (i > 0) out += ',';
    append(Value(value.node().items[i], value.path() / i, value.report()), out);
  }
  out += ']';
}

void append_map(const Value& value, std::string& out) {
  out += '{';
  bool first = true;
  for (const YamlNode::Entry& entry : value.node().entries) {
    const Path path = value.path() / entry.key;
    if (!entry.key_quoted && classify(entry.key) != Plain::text) {
      value.report().error_at(entry.mark, path, "a key must be a string; quote it");
    }
    if (!std::exchange(first, false)) out += ',';
    append_string(entry.key, out);
    out += ':';
    append(Value(entry.value, path, value.report()), out);
  }
  out += '}';
}

void append(const Value& value, std::string& out) {
  switch (value.node().kind) {
    case YamlNode::Kind::null:
      out += "null";
      break;
    case YamlNode::Kind::scalar:
      append_scalar(value, out);
      break;
    case YamlNode::Kind::list:
      append_list(value, out);
      break;
    case YamlNode::Kind::map:
      append_map(value, out);
      break;
  }
}

}  // namespace

std::string to_json(const Value& value) {
  std::string out;
  append(value, out);
  return out;
}

}  // namespace jobscaler::config
