#include "engine/windows.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/texts.h"

namespace jobscaler::engine {
namespace {

bool is_open(const GroupView& group) {
  return !group.at_max() && !group.no_place && !group.full();
}

/// a/b < c/d without division.
bool less_loaded(const GroupView& a, const GroupView& b) {
  return static_cast<long long>(a.unready) * b.spec->window <
         static_cast<long long>(b.unready) * a.spec->window;
}

/// The words about one group, named when the scaler has several.
std::string about(const std::vector<GroupView>& groups, const GroupView& group,
                  const std::string& words) {
  return groups.size() == 1 ? words : fmt::format("{}: {}", group.spec->name, words);
}

void append(std::string& text, const std::string& more) {
  if (!text.empty()) text += "; ";
  text += more;
}

}  // namespace

std::optional<std::size_t> choose_group(const std::vector<GroupView>& groups) {
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (is_open(groups[i]) && (!best || less_loaded(groups[i], groups[*best]))) best = i;
  }
  return best;
}

std::optional<std::string> all_at_max(const std::vector<GroupView>& groups) {
  std::string text;
  for (const GroupView& group : groups) {
    if (!group.at_max()) return std::nullopt;
    append(text, fmt::format("node group {} has {} of {}", group.spec->name, group.unfinished,
                             workers(*group.spec->max_workers)));
  }
  return text;
}

std::optional<std::string> all_without_place(const std::vector<GroupView>& groups) {
  std::string text;
  for (const GroupView& group : groups) {
    if (group.at_max()) continue;
    if (!group.no_place) return std::nullopt;
    append(text, about(groups, group, group.no_place_words));
  }
  return text;
}

std::optional<std::string> all_full(const std::vector<GroupView>& groups) {
  std::string text;
  for (const GroupView& group : groups) {
    if (group.at_max() || group.no_place) continue;
    if (!group.full()) return std::nullopt;
    append(text, about(groups, group, group.holder_words));
  }
  return text;
}

}  // namespace jobscaler::engine
