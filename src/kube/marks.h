#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kube/backoff.h"
#include "kube/lease.h"
#include "kube/lease_writer.h"
#include "kube/session.h"

namespace jobscaler::kube {

/// The names' high-water marks, kept as annotations on our Lease. Marks are never lowered, whoever
/// else writes them.
class Marks {
 public:
  explicit Marks(Session& session) : session_(session) {}

  /// Reads the Lease, or creates it, and posts MarksLoaded; marks of ours that it does not have
  /// (any more) are written. Blocks. An error: it could not be done; try again later.
  std::optional<Error> load();

  /// Writes the mark, with retries until it is written.
  void record(const action::RecordMark& mark);

  /// Calls `task` when no mark of the scaler is waiting to be written: at once, or on the pool when
  /// the write under way is done. Should that fail, `task` is forgotten, not kept for some other
  /// time: what it was meant for may have changed by then.
  void after_written(const std::string& scaler, std::function<void()> task);

  /// All that are known, written or not.
  MarkMap known();

 private:
  Result<MarkMap> read_or_create();
  MarkMap told_by(const Json& lease);
  void write();
  void was_written(const MarkMap& marks, const LeaseWriter::Outcome& outcome);
  void written(const MarkMap& marks);
  void write_later(const LeaseWriter::Outcome& outcome);
  void say(const std::string& words);
  bool is_behind();
  std::vector<std::function<void()>> take_ready();

  Session& session_;
  std::mutex mutex_;
  MarkMap wanted_;
  MarkMap written_;
  bool writing_ = false;
  bool failing_ = false;      // the last write did not succeed
  bool in_conflict_ = false;  // the last write was
  std::multimap<std::string, std::function<void()>> waiting_;
  Backoff backoff_{real_random()};
  std::set<std::string> said_;
};

}  // namespace jobscaler::kube
