#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "jobscaler/spec.h"

namespace jobscaler::engine {

struct Scaler;

/// A node group and the load of all scalers on it.
struct NodeGroup {
  NodeGroupSpec spec;
  int unready = 0;
  int unfinished = 0;
  std::vector<const Scaler*> users;  ///< the scalers that have workers here
  bool changed = false;              ///< since the decisions were last made
  std::optional<std::string>
      holder_words;  ///< about the oldest worker in its window, when asked for
};

class NodeGroups {
 public:
  explicit NodeGroups(std::vector<NodeGroupSpec> specs) {
    for (NodeGroupSpec& spec : specs) {
      index_.emplace(spec.name, groups_.size());
      groups_.emplace_back().spec = std::move(spec);
    }
  }

  std::optional<std::size_t> find(const std::string& name) const {
    const auto it = index_.find(name);
    return it == index_.end() ? std::nullopt : std::optional(it->second);
  }
  NodeGroup& operator[](std::size_t i) { return groups_[i]; }
  const NodeGroup& operator[](std::size_t i) const { return groups_[i]; }
  auto begin() { return groups_.begin(); }
  auto end() { return groups_.end(); }

 private:
  std::vector<NodeGroup> groups_;
  std::unordered_map<std::string, std::size_t> index_;
};

}  // namespace jobscaler::engine
