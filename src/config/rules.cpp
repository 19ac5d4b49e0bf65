#include "config/rules.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <ratio>

#include "config/plain.h"

namespace jobscaler::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

// In the order in which they may follow one another.
constexpr std::array<Unit, 4> kUnits = {{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::size_t kMaxDigits = 9;  // of hours: far from what 64 bits of milliseconds hold

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_alphanumeric(char c) {
  return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

template <typename Predicate>
bool all(std::string_view text, Predicate predicate) {
  return std::all_of(text.begin(), text.end(), predicate);
}

bool is_digits(std::string_view text) {
  return !text.empty() && all(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// Letters, digits and `inner` characters, with a letter or digit at both ends.
bool is_name(std::string_view text, std::size_t max_length, std::string_view inner) {
  return !text.empty() && text.size() <= max_length && is_alphanumeric(text.front()) &&
         is_alphanumeric(text.back()) && all(text, [&](char c) {
           return is_alphanumeric(c) || inner.find(c) != std::string_view::npos;
         });
}

std::optional<std::int64_t> parse_milliseconds(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const std::size_t end = std::min(text.find_first_of("0123456789", digits), text.size());
    if (digits == 0 || digits > kMaxDigits) return std::nullopt;
    const std::string_view name = text.substr(digits, end - digits);
    const auto unit = std::find_if(kUnits.begin() + static_cast<std::ptrdiff_t>(next_unit),
                                   kUnits.end(), [&](const Unit& u) { return u.name == name; });
    if (unit == kUnits.end()) return std::nullopt;
    std::int64_t count = 0;
    std::from_chars(text.data(), text.data() + digits, count);
    total += count * unit->milliseconds;
    next_unit = static_cast<std::size_t>(unit - kUnits.begin()) + 1;
    text.remove_prefix(end);
  }
  return total;
}

std::string_view integer_hint(const YamlNode& node) {
  if (node.kind != YamlNode::Kind::scalar) return "";
  const Plain plain = classify(node.text);
  if (node.quoted) return plain == Plain::integer ? "; remove the quotes" : "";
  if (plain == Plain::leading_zero) return "; drop the leading zero";
  return plain == Plain::underscored ? "; drop the underscores" : "";
}

std::string_view boolean_hint(const YamlNode& node) {
  const bool words = node.quoted && (node.text == "true" || node.text == "false");
  return words ? "; remove the quotes" : "";
}

std::string_view span_hint(const YamlNode& node) {
  return node.kind == YamlNode::Kind::scalar && is_digits(node.text) ? "; add a unit" : "";
}

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return is_digits(text) && error == std::errc() && port >= 1 && port <= 65535;
}

bool is_hex_digit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_ipv6(std::string_view text) {
  return std::count(text.begin(), text.end(), ':') >= 2 &&
         all(text, [](char c) { return is_hex_digit(c) || c == ':' || c == '.'; });
}

/// host or host:port. No [ipv6]: the HTTP client looks it up as a name, brackets and all.
bool is_authority(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string_view port = text.substr(colon);
  return is_name(text.substr(0, colon), 253, ".-_") && (port.empty() || is_port(port.substr(1)));
}

bool has_bad_escape(std::string_view text) {
  for (std::size_t at = text.find('%'); at != text.npos; at = text.find('%', at + 1)) {
    const std::string_view digits = text.substr(at + 1, 2);
    if (digits.size() < 2 || !all(digits, is_hex_digit)) return true;
  }
  return false;
}

}  // namespace

bool is_host(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return is_ipv6(text);
  return is_name(text, 253, ".-_");
}

bool is_http_url(std::string_view text) {
  if (has_control_character(text) || text.find_first_of("@?# ") != std::string_view::npos) {
    return false;
  }
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    const std::string_view rest = text.substr(scheme.size());
    return is_authority(rest.substr(0, rest.find('/'))) && !has_bad_escape(rest);
  }
  return false;
}

bool is_broker(std::string_view text) {
  const std::size_t bracket = text.find(']');
  if (!text.starts_with('[') || bracket == std::string_view::npos) return is_authority(text);
  const std::string_view port = text.substr(bracket + 1);
  const bool good_port = port.empty() || (port.starts_with(':') && is_port(port.substr(1)));
  return is_ipv6(text.substr(1, bracket - 1)) && good_port;
}

bool is_topic(std::string_view text) {
  return !text.empty() && text.size() <= 249 && text != "." && text != ".." &&
         all(text, [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_shortstr(std::string_view text) {
  return !text.empty() && text.size() <= 255;
}

bool is_variable(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         all(text, [](char c) { return is_alphanumeric(c) || c == '_'; });
}

bool is_label_key(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return is_name(text, 63, "-_.");
  const std::string_view prefix = text.substr(0, slash);
  return is_name(prefix, 253, "-.") && is_name(text.substr(slash + 1), 63, "-_.");
}

bool is_label_value(std::string_view text) {
  return text.empty() || is_name(text, 63, "-_.");
}

std::string format_span(Duration duration) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  for (const Unit& unit : kUnits) {
    const bool divides = milliseconds % unit.milliseconds == 0;
    if (milliseconds != 0 && divides) {
      return fmt::format("{}{}", milliseconds / unit.milliseconds, unit.name);
    }
  }
  return "0s";
}

void require_one_broker(const Mapping& mapping) {
  const bool rabbitmq = mapping.find("rabbitmq").has_value();
  const auto kafka = mapping.find("kafka");
  if (rabbitmq && kafka) kafka->error("rabbitmq is there, too; must be one of them");
  if (!rabbitmq && !kafka) mapping.value().error("needs rabbitmq or kafka");
}

std::optional<std::string> read_string(const Value& value, std::string_view allowed) {
  const YamlNode& node = value.node();
  const Plain plain = node.quoted ? Plain::text : classify(node.text);
  if (node.kind != YamlNode::Kind::scalar || plain == Plain::null) {
    value.expected(allowed);
    return std::nullopt;
  }
  if (plain != Plain::text) {
    value.error(
        fmt::format("must be {}, found what YAML takes for {}; quote it", allowed, kind_of(node)));
    return std::nullopt;
  }
  return node.text;
}

std::string Integer::allowed() const {
  return fmt::format("a whole number from {} to {}", min, max);
}

std::optional<std::int64_t> Integer::read(const Value& value) const {
  const YamlNode& node = value.node();
  if (node.kind == YamlNode::Kind::scalar && !node.quoted &&
      classify(node.text) == Plain::integer) {
    std::int64_t number = 0;
    const char* end = node.text.data() + node.text.size();
    const auto parsed = std::from_chars(node.text.data(), end, number);
    if (parsed.ec == std::errc() && number >= min && number <= max) return number;
  }
  value.error(fmt::format("must be {}, found {}{}", allowed(), shown(node), integer_hint(node)));
  return std::nullopt;
}

std::optional<bool> Boolean::read(const Value& value) const {
  const YamlNode& node = value.node();
  if (node.kind == YamlNode::Kind::scalar && !node.quoted &&
      classify(node.text) == Plain::boolean) {
    return node.text[0] == 't' || node.text[0] == 'T';
  }
  value.error(fmt::format("must be {}, found {}{}", allowed(), shown(node), boolean_hint(node)));
  return std::nullopt;
}

std::string Span::allowed() const {
  return fmt::format("a duration from {} to {}, such as 250ms, 10s, 5m or 1h30m", format_span(min),
                     format_span(max));
}

std::optional<Duration> Span::read(const Value& value) const {
  const YamlNode& node = value.node();
  if (node.kind == YamlNode::Kind::scalar) {
    const auto milliseconds = parse_milliseconds(node.text);
    const auto in_milliseconds = [](Duration duration) {
      return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
    };
    if (milliseconds && *milliseconds >= in_milliseconds(min) &&
        *milliseconds <= in_milliseconds(max)) {
      return std::chrono::milliseconds(*milliseconds);
    }
  }
  value.error(fmt::format("must be {}, found {}{}", allowed(), shown(node), span_hint(node)));
  return std::nullopt;
}

std::optional<std::string> Text::read(const Value& value) const {
  auto text = read_string(value, words);
  if (!text) return std::nullopt;
  const bool good =
      !has_control_character(*text) && (valid != nullptr ? valid(*text) : !text->empty());
  if (good) return text;
  value.error(fmt::format("must be {}, found {}", words,
                          text->empty() ? "an empty string" : "a string that is not one"));
  return std::nullopt;
}

std::string Name::allowed() const {
  return fmt::format(
      "a name of 1 to {} lower-case letters, digits and '-', with a letter or digit at both ends",
      max_length);
}

bool Name::valid(std::string_view name) const {
  return is_name(name, max_length, "-") &&
         all(name, [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

std::optional<std::string> Name::read(const Value& value) const {
  auto name = read_string(value, allowed());
  if (!name || valid(*name)) return name;
  value.error(fmt::format("must be {}, found {}", allowed(), shown(value.node())));
  return std::nullopt;
}

std::optional<Secret> SecretReference::read(const Value& value) const {
  const YamlNode& node = value.node();
  const bool one_key =
      node.entries.size() == 1 && (node.entries[0].key == "file" || node.entries[0].key == "env");
  if (node.kind != YamlNode::Kind::map || !one_key) {
    value.error(
        fmt::format("must be {}, which say where to find the secret; the secret itself has "
                    "no place in a configuration file",
                    allowed()));
    return std::nullopt;
  }
  const Mapping mapping(value, kSecretKeys);
  Secret secret;
  secret.origin = mapping.find("file") ? Secret::Origin::file : Secret::Origin::env;
  mapping.optional("file", Text{"the path of a file"}, secret.name);
  mapping.optional("env",
                   Text{"the name of an environment variable (letters, digits and _)", is_variable},
                   secret.name);
  if (secret.name.empty()) return std::nullopt;
  return secret;
}

std::optional<std::map<std::string, std::string>> Labels::read(const Value& value) const {
  const Text label{"a label value (at most 63 letters, digits, '-', '_' and '.')", is_label_value};
  std::map<std::string, std::string> labels;
  for (const auto& [key, entry] : value.entries(allowed())) {
    if (!is_label_key(key))
      entry.error("the key must be a label key, such as pool or example.com/pool");
    if (const auto text = label.read(entry)) labels[key] = *text;
  }
  return labels;
}

}  // namespace jobscaler::config
