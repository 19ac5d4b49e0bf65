#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace jobscaler::config {

class Report;

/// A place in the file, 1-based; columns count bytes. Line 0: the file as a whole.
struct Mark {
  int line = 0;
  int column = 0;
  auto operator<=>(const Mark&) const = default;
};

/// A value of the file. Aliases have been replaced by copies of what they refer to, keys are
/// unique.
struct YamlNode {
  enum class Kind { null, scalar, list, map };
  struct Entry;

  Kind kind = Kind::null;
  std::string text;     ///< of a scalar
  bool quoted = false;  ///< a scalar in quotes, or a block scalar: a string whatever it looks like
  Mark mark;            ///< where to point; for a nested block and for nothing at all, the key
  std::vector<YamlNode> items;
  std::vector<Entry> entries;

  /// The entry's value, null if there is none.
  const YamlNode* find(std::string_view key) const;
};

struct YamlNode::Entry {
  std::string key;
  bool key_quoted = false;
  Mark mark;  ///< of the key
  YamlNode value;
};

/// Reads the text as one YAML document, and reports what YAML itself, or we, do not allow in one:
/// bytes that are not UTF-8 text, a second document, tags, merge keys, keys given twice or that are
/// not scalars, aliases within themselves, nesting deeper than 64, aliases that stand for more than
/// 100,000 values in all, 64 bytes of text being one (a small file could grow without bounds).
/// Nothing is returned if the text cannot be read to its end, or is empty.
std::optional<YamlNode> read_document(std::string_view yaml, Report& report);

}  // namespace jobscaler::config
