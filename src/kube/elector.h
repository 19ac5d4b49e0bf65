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
/// Who comes after another does not lead before it has asked what Jobs there are, and then read the
/// marks: its watch may have been dead without anybody knowing, and a name is free again when its
/// Job is gone.
class Elector {
 public:
  /// From here on we do not lead before we are elected.
  Elector(Session& session, Marks& marks, const KubernetesConfig& config);

  /// The first look at the Lease comes before every change of it that is asked for later: whether
  /// we lead is told before any marks are.
  void start();

  /// Gives the Lease up if it is ours, so that another may lead at once. Waits for at most half a
  /// second. REQUIRES: what we do as the leader has ended.
  void release();

 private:
  void look();
  std::optional<std::string> claim(const Json* lease);
  std::optional<std::string> give_up(const Json* lease);
  void looked(const LeaseWriter::Outcome& outcome);
  void done();
  void failed(const Error& error);
  void catch_up();
  void found(const Result<http::Response>& answer);
  void read_marks();
  void caught_up(const LeaseWriter::Outcome& outcome);
  void lead();
  void look_later();
  void watch_over(TimePoint until);

  Session& session_;
  Marks& marks_;
  const Identity identity_;
  std::mutex mutex_;
  Election election_;
  std::optional<TimePoint> claimed_at_;  // in the look under way
  bool started_ = false;
  bool released_ = false;
  bool in_conflict_ = false;  // the last look was
  bool ever_told_ = false;    // whether we lead
  bool behind_ = false;       // another may have led since we last knew all Jobs
  bool catching_up_ = false;
  std::string trouble_;  // of the last look
};

}  // namespace jobscaler::kube
