#include "config/plain.h"

#include <algorithm>
#include <array>
#include <string>

namespace jobscaler::config {
namespace {

constexpr std::array<std::string_view, 5> kNulls = {"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 6> kBooleans = {"true",  "True",  "TRUE",
                                                       "false", "False", "FALSE"};
constexpr std::array<std::string_view, 16> kBooleanWords = {"y",  "Y",   "yes", "Yes", "YES", "n",
                                                            "N",  "no",  "No",  "NO",  "on",  "On",
                                                            "ON", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 6> kNotFinite = {".inf", ".Inf", ".INF",
                                                        ".nan", ".NaN", ".NAN"};

bool contains(const auto& range, const auto& element) {
  return std::find(range.begin(), range.end(), element) != range.end();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                  text.begin());
}

std::string_view take_digits(std::string_view& text) {
  const std::string_view digits = text.substr(0, count_digits(text));
  text.remove_prefix(digits.size());
  return digits;
}

/// 0x1F, 0o17, 0b11
bool is_radix(std::string_view text) {
  if (text.size() < 3 || text[0] != '0' || !contains(std::string_view("xXoObB"), text[1]))
    return false;
  const std::string_view digits = text.substr(2);
  return std::all_of(digits.begin(), digits.end(),
                     [](char c) { return is_hex_digit(c) || c == '_'; });
}

/// 12:30, 1:00:00.5
bool is_sexagesimal(std::string_view text) {
  if (take_digits(text).empty() || !text.starts_with(':')) return false;
  while (!text.empty() && text[0] == ':') {
    text.remove_prefix(1);
    const std::string_view digits = take_digits(text);
    if (digits.empty() || digits.size() > 2 || (digits.size() == 2 && digits[0] > '5'))
      return false;
  }
  if (text.empty()) return true;
  if (text[0] != '.') return false;
  text.remove_prefix(1);
  return count_digits(text) == text.size();
}

/// A decimal number without its sign, the decimal point and the exponent being optional.
Plain classify_decimal(std::string_view text) {
  const std::string_view whole = take_digits(text);
  const bool point = !text.empty() && text[0] == '.';
  if (point) text.remove_prefix(1);
  const std::string_view fraction = point ? take_digits(text) : std::string_view();
  if (whole.empty() && fraction.empty()) return Plain::text;
  const bool exponent = !text.empty() && (text[0] == 'e' || text[0] == 'E');
  if (exponent) {
    text.remove_prefix(1);
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
    if (take_digits(text).empty()) return Plain::text;
  }
  if (!text.empty()) return Plain::text;
  if (whole.empty() || (point && fraction.empty())) return Plain::odd_number;
  if (whole.size() > 1 && whole[0] == '0') return Plain::leading_zero;
  if (point) return Plain::real;
  return exponent ? Plain::exponent : Plain::integer;
}

/// REQUIRES: `text` has no sign.
Plain classify_number(std::string_view text) {
  if (is_radix(text)) return Plain::radix;
  if (is_sexagesimal(text)) return Plain::sexagesimal;
  if (!contains(text, '_')) return classify_decimal(text);
  if (!is_digit(text[0])) return Plain::text;
  std::string bare(text);
  bare.erase(std::remove(bare.begin(), bare.end(), '_'), bare.end());
  return classify_number(bare) == Plain::text ? Plain::text : Plain::underscored;
}

}  // namespace

Plain classify(std::string_view text) {
  if (contains(kNulls, text)) return Plain::null;
  if (contains(kBooleans, text)) return Plain::boolean;
  if (contains(kBooleanWords, text)) return Plain::boolean_word;
  const bool sign = text[0] == '+' || text[0] == '-';
  const std::string_view bare = text.substr(sign ? 1 : 0);
  if (contains(kNotFinite, bare)) return Plain::not_finite;
  if (bare.empty() || (!is_digit(bare[0]) && bare[0] != '.')) return Plain::text;
  const Plain number = classify_number(bare);
  const bool plus = text[0] == '+' && (number == Plain::integer || number == Plain::real);
  return plus ? Plain::odd_number : number;
}

bool is_ambiguous(Plain plain) {
  return plain >= Plain::boolean_word;
}

std::string_view explain(Plain plain) {
  switch (plain) {
    case Plain::boolean_word:
      return "yes, no, on, off, y and n are booleans to some YAML readers and strings to others; "
             "write true or false, or quote it";
    case Plain::leading_zero:
      return "a number with a leading zero is octal to some YAML readers and decimal to others; "
             "drop the zero, or quote it";
    case Plain::radix:
      return "a number in another base is a string to some YAML readers; write it in decimal, or "
             "quote it";
    case Plain::underscored:
      return "a number with underscores is a string to some YAML readers; drop the underscores, or "
             "quote it";
    case Plain::sexagesimal:
      return "digits with colons are a number of base 60 to some YAML readers; quote it";
    case Plain::exponent:
      return "a number with an exponent and no decimal point is a string to some YAML readers; "
             "write it out, or quote it";
    case Plain::odd_number:
      return "a number with a plus sign, or without digits on either side of its point, is a "
             "string "
             "to some YAML readers; write it as 5, 0.5 or 5.0, or quote it";
    default:
      return "JSON, which is what the API server is sent, has no infinity and no NaN; quote it";
  }
}

}  // namespace jobscaler::config
