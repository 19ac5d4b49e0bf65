#pragma once

#include <string_view>

namespace jobscaler::config {

/// What a plain (unquoted) YAML scalar is. Everything from `boolean_word` on is read differently by
/// YAML 1.1 (kubectl, PyYAML), YAML 1.2 and JSON, or cannot be said in JSON.
enum class Plain {
  text,
  null,
  boolean,  ///< true, false
  integer,  ///< decimal, no sign but '-', no leading zero
  real,     ///< as JSON writes it, with a decimal point
  boolean_word,
  leading_zero,
  radix,
  underscored,
  sexagesimal,
  exponent,
  odd_number,
  not_finite,
};
Plain classify(std::string_view text);

bool is_ambiguous(Plain plain);

/// Why the scalar is refused and what to write instead. Never contains the scalar.
/// REQUIRES: is_ambiguous(plain)
std::string_view explain(Plain plain);

}  // namespace jobscaler::config
