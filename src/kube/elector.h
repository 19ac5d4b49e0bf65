#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "kube/election.h"
#include "kube/identity.h"
#include "kube/marks.h"
#include "kube/session.h"

namespace jobscaler::kube {

/// Takes part in the election of the daemon that acts, on our Lease, and keeps the session's
/// leadership. Works on the pool.
///
/// Who comes to lead has the workers listed anew: what the one before did last may not have been
/// seen, and the watch may have been dead without anybody knowing.
class Elector {
 public:
  /// From here on we do not lead before we are elected.
  Elector(Session& session, Marks& marks, const KubernetesConfig& config);

  /// Whether we lead is told before any marks are: the workers are not listed before the first look
  /// at the Lease is over.
  void start();

  /// Gives the Lease up if it is ours, or may have become so by a claim whose answer is not in, so
  /// that another may lead at once. Waits for at most a second. REQUIRES: what we do as the
  /// leader has ended.
  void release();

 private:
  void look();
  std::optional<std::string> claim(const Json* lease);
  std::optional<std::string> give_up(const Json* lease);
  bool try_to_release(TimePoint deadline);
  void looked(const LeaseWriter::Outcome& outcome);
  void done();
  void failed(const Error& error);
  void look_later(Duration at_least);
  void watch_over(TimePoint until);

  Session& session_;
  Marks& marks_;
  const Identity identity_;
  std::mutex mutex_;
  Election election_;
  std::optional<TimePoint> claimed_at_;  // absent: the Lease was not ours to claim when last read
  bool released_ = false;
  bool in_conflict_ = false;  // the last look was
  std::string trouble_;       // of the last look; empty: none
};

}  // namespace jobscaler::kube
