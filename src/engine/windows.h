#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "jobscaler/spec.h"

namespace jobscaler::engine {

/// One of the node groups that a scaler may use, with the load of all scalers on it.
struct GroupView {
  const NodeGroupSpec* spec = nullptr;
  int unready = 0;     ///< workers that hold its window
  int unfinished = 0;  ///< workers that count against its maxWorkers
  /// This scaler has a worker here that has been waiting for a place for longer than nodeTimeout.
  bool no_place = false;
  std::string no_place_words = {};  ///< about that worker
  std::string holder_words = {};    ///< about the oldest worker in the window, when it is full

  bool at_max() const { return spec->max_workers && unfinished >= *spec->max_workers; }
  bool full() const { return unready >= spec->window; }
};

/// The index of the least loaded (unready per window) open group, the first of equals; nothing when
/// none is open.
std::optional<std::size_t> choose_group(const std::vector<GroupView>& groups);

/// Why no group can take a worker, if so; at most one of them is set. A group that is at its
/// maximum or has no place for this scaler's workers is not worth waiting for.
std::optional<std::string> all_at_max(const std::vector<GroupView>& groups);
std::optional<std::string> all_without_place(const std::vector<GroupView>& groups);
std::optional<std::string> all_full(const std::vector<GroupView>& groups);

}  // namespace jobscaler::engine
