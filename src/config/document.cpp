#include "config/document.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>
#include <utility>

#include "config/report.h"
#include "config/text.h"

namespace jobscaler::config {
namespace {

constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxCopied = 100'000;
constexpr std::size_t kBytesOfValue = 64;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

Mark to_mark(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

/// Thrown through yaml-cpp to end the reading.
struct Stop {
  Mark mark;
  std::string text;
};

/// In values; a long text counts as several.
std::size_t size_of(const YamlNode& node) {
  std::size_t size = 1 + node.text.size() / kBytesOfValue;
  for (const YamlNode& item : node.items) size += size_of(item);
  for (const YamlNode::Entry& entry : node.entries) {
    size += size_of(entry.value) + entry.key.size() / kBytesOfValue;
  }
  return size;
}

/// Levels of lists and mappings.
std::size_t depth_of(const YamlNode& node) {
  std::size_t inner = 0;
  for (const YamlNode& item : node.items) inner = std::max(inner, depth_of(item));
  for (const YamlNode::Entry& entry : node.entries) inner = std::max(inner, depth_of(entry.value));
  const bool nests = node.kind == YamlNode::Kind::list || node.kind == YamlNode::Kind::map;
  return inner + (nests ? 1 : 0);
}

/// yaml-cpp takes the end of the file for the end of a string in quotes.
bool is_unclosed(std::string_view text) {
  // The mark may be that of an anchor or of a lone '!' before the string, with comments after it.
  while (!text.empty() && (text[0] == '&' || text[0] == '!' || text[0] == '#')) {
    const char* const end = text[0] == '#' ? "\r\n" : " \t\r\n";
    const std::size_t space = std::min(text.find_first_of(end), text.size());
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n", space), text.size()));
  }
  if (text.empty() || (text[0] != '"' && text[0] != '\'')) return false;
  const char quote = text[0];
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool escape = quote == '"' ? text[i] == '\\' : text.substr(i, 2) == "''";
    if (escape) {
      ++i;
    } else if (text[i] == quote) {
      return false;
    }
  }
  return true;
}

/// Builds the tree out of yaml-cpp's events. Its own tree (YAML::YamlNode) loses what is needed
/// here: where aliases and blocks stand, keys given twice, and that there was a second document.
class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, Report& report) : text_(text), report_(report) {}

  std::optional<YamlNode> take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) {
      throw Stop{to_mark(mark), "a second document begins here; the file must hold only one"};
    }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    YamlNode node;
    node.mark = nothing_mark(to_mark(mark));
    complete(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto known = anchors_.find(anchor);
    if (known == anchors_.end()) {
      throw Stop{to_mark(mark), "this alias stands within the very value that it refers to"};
    }
    check_depth(depth_of(known->second), to_mark(mark));
    charge_copy(known->second, to_mark(mark));
    YamlNode node = known->second;
    node.mark = to_mark(mark);
    complete(std::move(node), 0);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode node;
    node.kind = YamlNode::Kind::scalar;
    node.text = value;
    node.quoted = tag != "?";
    node.mark = to_mark(mark);
    if (node.quoted && is_unclosed(text_.substr(static_cast<std::size_t>(mark.pos)))) {
      throw Stop{node.mark, "the quote that begins here is never closed"};
    }
    refuse_tag(tag, node.mark);
    complete(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::list, mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(YamlNode::Kind::map, mark, tag, anchor, style);
  }
  void OnMapEnd() override { close(); }

 private:
  /// A list or mapping whose end has not come yet.
  struct Frame {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    bool has_key = false;
    YamlNode::Entry entry;  ///< its value is to come
    std::map<std::string, Mark> keys;
  };

  bool key_expected() const {
    return !frames_.empty() && frames_.back().node.kind == YamlNode::Kind::map &&
           !frames_.back().has_key;
  }

  /// What is not there is pointed at by its key, or by its list.
  Mark nothing_mark(Mark own) const {
    if (frames_.empty() || key_expected()) return own;
    const Frame& frame = frames_.back();
    return frame.has_key ? frame.entry.mark : frame.node.mark;
  }

  /// `levels`: of what is to stand in the open lists and mappings.
  void check_depth(std::size_t levels, Mark mark) const {
    if (frames_.size() + levels <= kMaxDepth) return;
    throw Stop{mark, fmt::format("nested more than {} levels deep", kMaxDepth)};
  }

  void charge_copy(const YamlNode& node, Mark mark) {
    copied_ += size_of(node);
    if (copied_ <= kMaxCopied) return;
    throw Stop{mark,
               fmt::format("the aliases up to here stand for more than {} values", kMaxCopied)};
  }

  Path here() const {
    Path path;
    for (const Frame& frame : frames_) {
      if (frame.has_key) {
        path = path / frame.entry.key;
      } else if (frame.node.kind == YamlNode::Kind::list) {
        path = path / frame.node.items.size();
      }
    }
    return path;
  }

  /// The tag is not printed: an unquoted password may begin with '!'.
  void refuse_tag(const std::string& tag, Mark mark) {
    if (tag == "?" || tag == "!" || tag.empty()) return;
    report_.error_at(mark, here(),
                     "tags are not supported; quote a string that begins with an exclamation mark");
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    if (key_expected()) throw Stop{to_mark(mark), "a key must be a word, not a list or a mapping"};
    check_depth(1, to_mark(mark));
    refuse_tag(tag, to_mark(mark));
    const bool block_of_key =
        style == YAML::EmitterStyle::Block && !frames_.empty() && frames_.back().has_key;
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = block_of_key ? frames_.back().entry.mark : to_mark(mark);
    frame.anchor = anchor;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    complete(std::move(frame.node), frame.anchor);
  }

  void complete(YamlNode node, YAML::anchor_t anchor) {
    if (anchor != 0) {
      charge_copy(node, node.mark);
      anchors_[anchor] = node;
    }
    if (frames_.empty()) {
      root_ = std::move(node);
    } else if (key_expected()) {
      begin_entry(std::move(node));
    } else if (frames_.back().has_key) {
      end_entry(std::move(node));
    } else {
      frames_.back().node.items.push_back(std::move(node));
    }
  }

  void begin_entry(YamlNode key) {
    if (key.kind == YamlNode::Kind::null) throw Stop{key.mark, "a key is missing here"};
    if (key.kind != YamlNode::Kind::scalar) {
      throw Stop{key.mark, "a key must be a word, not a list or a mapping"};
    }
    frames_.back().entry = {std::move(key.text), key.quoted, key.mark, YamlNode()};
    frames_.back().has_key = true;
  }

  /// Only the first of several entries with one key is kept.
  void end_entry(YamlNode value) {
    Frame& frame = frames_.back();
    const Path path = here();
    frame.has_key = false;
    YamlNode::Entry entry = std::exchange(frame.entry, {});
    entry.value = std::move(value);
    if (entry.key == "<<" && !entry.key_quoted) {
      report_.error_at(entry.mark, path,
                       "merge keys are not supported; write the keys out (an alias may stand for a "
                       "whole value)");
      return;
    }
    const auto [known, is_new] = frame.keys.emplace(entry.key, entry.mark);
    if (is_new) {
      frame.node.entries.push_back(std::move(entry));
    } else {
      report_.error_at(entry.mark, path,
                       fmt::format("given twice; it is already on line {}", known->second.line));
    }
  }

  std::string_view text_;
  Report& report_;
  int documents_ = 0;
  std::size_t copied_ = 0;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::optional<YamlNode> root_;
};

std::string_view line_of(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

/// yaml-cpp's words, or better ones where a person would look for the mistake in the wrong place.
std::string explain(const YAML::ParserException& error, std::string_view text) {
  const std::string_view line = line_of(text, error.mark.line + 1);
  const std::size_t indent = std::min(line.find_first_not_of(" \t"), line.size());
  if (line.substr(0, indent).find('\t') != std::string_view::npos) {
    return "this line is indented with a tab; use spaces";
  }
  if (error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR)) {
    return "this alias refers to nothing; quote a string that begins with an asterisk";
  }
  if (error.msg.starts_with(YAML::ErrorMsg::UNKNOWN_TOKEN)) {
    return "not YAML: quote a string that begins with a special character";
  }
  return "not YAML: " + error.msg;
}

bool refuse_bad_byte(std::string_view text, Report& report) {
  const auto offset = find_bad_byte(text);
  if (!offset) return false;
  const std::string_view before = text.substr(0, *offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t column = *offset - (before.rfind('\n') + 1);  // npos + 1 is 0
  report.error_at({static_cast<int>(line), static_cast<int>(column) + 1}, Path(),
                  fmt::format("byte 0x{:02x} has no place in a text file (UTF-8)",
                              static_cast<unsigned char>(text[*offset])));
  return true;
}

std::optional<YamlNode> parse(std::string_view text, Report& report) {
  std::istringstream in{std::string(text)};
  Builder builder(text, report);
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) continue;
    return builder.take_root();
  } catch (const Stop& stop) {
    report.error_at(stop.mark, Path(), stop.text);
  } catch (const YAML::ParserException& error) {
    report.error_at(to_mark(error.mark), Path(), explain(error, text));
  } catch (const std::exception& error) {
    report.error_at(Mark(), Path(), fmt::format("not YAML: {}", error.what()));
  }
  return std::nullopt;
}

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  const auto entry = std::find_if(entries.begin(), entries.end(),
                                  [&](const Entry& candidate) { return candidate.key == key; });
  return entry == entries.end() ? nullptr : &entry->value;
}

std::optional<YamlNode> read_document(std::string_view yaml, Report& report) {
  if (yaml.starts_with(kByteOrderMark)) yaml.remove_prefix(kByteOrderMark.size());
  if (refuse_bad_byte(yaml, report)) return std::nullopt;
  return parse(yaml, report);
}

}  // namespace jobscaler::config
