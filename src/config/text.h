#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jobscaler::config {

/// For printing: in double quotes, control characters escaped, cut after 40 bytes.
std::string quoted(std::string_view text);

/// "a, b or c", with `last` before the last one; after ten, "and 5 more" instead of the rest.
std::string enumerate(std::span<const std::string_view> words, std::string_view last = " or ");

/// "; did you mean max?", or nothing if no candidate is near. Case does not count.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates);

/// Offset of the first byte that has no place in a text file: a control character other than tab
/// and line ends, or a byte that is not UTF-8.
std::optional<std::size_t> find_bad_byte(std::string_view text);

bool has_control_character(std::string_view text);

}  // namespace jobscaler::config
