#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "config/config.h"
#include "config/text.h"
#include "config/value.h"

/// What the values of the file may be. Each rule is as Mapping wants it.
namespace jobscaler::config {

struct Integer {
  std::int64_t min = 0;
  std::int64_t max = 0;

  std::string allowed() const;
  std::optional<std::int64_t> read(const Value& value) const;
};

struct Boolean {
  std::string allowed() const { return "true or false"; }
  std::optional<bool> read(const Value& value) const;
};

/// 250ms, 10s, 5m, 1h, or several of these from large to small: 1h30m
struct Span {
  Duration min{};
  Duration max{};

  std::string allowed() const;
  std::optional<Duration> read(const Value& value) const;
};

/// One of a few words.
template <typename T, std::size_t N>
struct Choice {
  std::array<std::pair<std::string_view, T>, N> choices;

  std::array<std::string_view, N> words() const {
    std::array<std::string_view, N> result;
    std::transform(choices.begin(), choices.end(), result.begin(),
                   [](const auto& choice) { return choice.first; });
    return result;
  }
  std::string allowed() const { return enumerate(words()); }
  std::optional<T> read(const Value& value) const {
    for (const auto& [word, choice] : choices) {
      if (value.node().kind == YamlNode::Kind::scalar && value.node().text == word) return choice;
    }
    value.error("must be " + allowed() + ", found " + shown(value.node()) +
                did_you_mean(value.node().text, words()));
    return std::nullopt;
  }
};

/// A string. One that is not `valid` is not shown: it may be a secret in the wrong place.
struct Text {
  std::string_view words;
  bool (*valid)(std::string_view) = nullptr;  ///< null: anything that is not empty

  std::string allowed() const { return std::string(words); }
  std::optional<std::string> read(const Value& value) const;
};

/// A name of our own: a DNS-1123 label, so that it fits into Kubernetes labels and object names.
struct Name {
  std::size_t max_length = 63;

  std::string allowed() const;
  std::optional<std::string> read(const Value& value) const;
  bool valid(std::string_view name) const;
};

/// Exactly one of the keys file and env. Anything else is refused without being shown.
struct SecretReference {
  std::string allowed() const { return "{file: PATH} or {env: NAME}"; }
  std::optional<Secret> read(const Value& value) const;
};

/// A mapping of label keys to label values, as nodeSelector takes it.
struct Labels {
  std::string allowed() const { return "a mapping of label keys to label values"; }
  std::optional<std::map<std::string, std::string>> read(const Value& value) const;
};

/// Reports a connection or a scaler that is of neither kind of broker, or of both.
void require_one_broker(const Mapping& mapping);

/// true, false, or a mapping, which means true.
struct Tls {
  std::string allowed() const { return "true, false or " + mapping_with(kTlsKeys); }
  std::optional<TlsConfig> read(const Value& value) const;
};

/// The string that a value is. What YAML takes for something else is reported, with the advice to
/// quote it.
std::optional<std::string> read_string(const Value& value, std::string_view allowed);

/// "90s", "2h": the largest unit that divides it.
std::string format_span(Duration duration);

bool is_host(std::string_view text);
bool is_http_url(std::string_view text);
bool is_broker(std::string_view text);    ///< host or host:port; an IPv6 address in brackets
bool is_topic(std::string_view text);     ///< of Kafka
bool is_shortstr(std::string_view text);  ///< 1 to 255 bytes, AMQP's short string
bool is_variable(std::string_view text);
bool is_label_key(std::string_view text);
bool is_label_value(std::string_view text);

}  // namespace jobscaler::config
