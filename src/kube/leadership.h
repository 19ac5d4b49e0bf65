#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "jobscaler/ports.h"

namespace jobscaler::kube {

/// Whether this daemon leads, and until when. Tells the loop and the log when that changes, and
/// never the one without the other. Thread-safe.
///
/// Without an election it leads for ever.
class Leadership {
 public:
  Leadership(Outbox& outbox, std::string lease) : outbox_(outbox), lease_(std::move(lease)) {}

  /// Nothing is known yet: it does not lead, and nobody is told.
  void await();

  /// It leads, at least until then. True: it did not all the time before, and does `since` then.
  bool lead(TimePoint since, TimePoint until, const std::string& identity);

  /// It does not: `holder` does. Empty: nobody knows.
  void stand_by(const std::string& holder);

  /// Nothing may be sent later than that, in the past if it does not lead; tells, if it has not
  /// been told, that a leadership has run out by `now`. A process that was stopped comes here
  /// before anybody could have told it. `words`: why it was not prolonged.
  TimePoint until(TimePoint now, const std::string& words = "this process stood still");

 private:
  void expire(TimePoint now, const std::string& words);
  void tell(event::LeadershipChanged change, Level level, const std::string& text);

  Outbox& outbox_;
  const std::string lease_;
  std::mutex mutex_;
  TimePoint until_ = TimePoint::max();
  std::optional<bool> told_;  // whether it leads
  std::string holder_;
};

}  // namespace jobscaler::kube
