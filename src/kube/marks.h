#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "kube/backoff.h"
#include "kube/json.h"
#include "kube/session.h"
#include "kube/status.h"

namespace jobscaler::kube {

using MarkMap = std::map<std::string, std::int64_t>;  // by scaler

/// The marks on a Lease; annotations that are not numbers are left out and named in `odd`.
MarkMap marks_of(const Json& lease, std::vector<std::string>* odd = nullptr);

/// The Lease with these marks where they are higher than what it has; absent: none is.
std::optional<std::string> raised_lease(const Json& lease, const MarkMap& marks);

/// A Lease that holds nothing but marks.
std::string new_lease(const std::string& name_space, const std::string& instance,
                      const MarkMap& marks);

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

 private:
  Result<MarkMap> read_or_create(const std::string& name_space);
  Result<MarkMap> loaded(const std::string& body);
  void write();
  void was_read(const std::string& name_space, const Result<http::Response>& answer);
  void put(http::Request request, const char* verb, const std::string& name_space, MarkMap marks);
  void was_put(const Intent& intent, const MarkMap& marks, const Result<http::Response>& answer);
  void written(const MarkMap& marks);
  void write_later(const std::string& words);
  void say(const std::string& words);
  bool is_behind();
  std::vector<std::function<void()>> take_ready();

  Session& session_;
  std::mutex mutex_;
  MarkMap wanted_;
  MarkMap written_;
  bool writing_ = false;
  bool failing_ = false;  // the last write did not succeed
  std::multimap<std::string, std::function<void()>> waiting_;
  Backoff backoff_{real_random()};
  std::set<std::string> said_;
};

}  // namespace jobscaler::kube
