#pragma once

#include <optional>
#include <string>

#include "jobscaler/clock.h"
#include "kube/backoff.h"
#include "kube/lease.h"

namespace jobscaler::kube {

// client-go's defaults (LeaseDuration, RenewDeadline and RetryPeriod, as kube-scheduler and
// kube-controller-manager have them).
inline constexpr Duration kLeaseDuration = std::chrono::seconds(15);
inline constexpr Duration kRenewDeadline = std::chrono::seconds(10);
inline constexpr Duration kRetryPeriod = std::chrono::seconds(2);
/// Added to kRetryPeriod at random, so that two do not go on looking at the same moments. Less than
/// client-go's, with which a handover would take up to 4.4 s.
inline constexpr Duration kMostJitter = std::chrono::milliseconds(400);
/// The lease has run out when its record has not changed for so long, as we saw it. That is less
/// than kLeaseDuration, as what we see may be a look old, and acting on it takes a moment: a leader
/// that dies is followed within kLeaseDuration of its death. A leader that lives has stopped
/// before.
inline constexpr Duration kExpiry = std::chrono::seconds(12);
static_assert(kExpiry + kRetryPeriod + kMostJitter < kLeaseDuration);
static_assert(kExpiry > kRenewDeadline, "or two would lead at once");

/// Who leads: client-go's leader election as a state machine. No I/O, no clock of its own, and no
/// comparison with anybody else's: a record counts from when it was first seen, and our own from
/// when its write left here.
///
/// The caller looks at the Lease at next_look(): it reads it and calls saw(), writes claim() if
/// that says so, and calls wrote() when the write is confirmed. A write that fails, or whose answer
/// is lost, is followed by nothing but the next look. Writes must be refused if the Lease has
/// changed since it was read.
class Election {
 public:
  /// `identity`: of no other daemon that is alive.
  Election(std::string identity, Random random);

  /// A look begins. The next one is due from now on as next_look() says.
  void look_began(TimePoint now);

  /// The Lease was read, and the answer came at `now`. Absent record: there is no Lease, or one
  /// that says nothing; that is not the word of whoever held it. True: claim() is to be written.
  bool saw(const std::optional<LeaseRecord>& record, TimePoint now);

  /// The record to be written. `written_at`: for people. REQUIRES: saw() returned true.
  LeaseRecord claim(const std::string& written_at);

  /// claim() is what the Lease says. `sent`: a moment before its write left.
  void wrote(TimePoint sent);

  /// Nothing may be done in the leader's name from then on; in the past if we do not lead.
  TimePoint leads_until() const { return leads_until_; }

  TimePoint next_look() const;

  /// Who else holds the lease; empty: nobody else, as far as is known.
  std::string other_holder() const;

  /// We give it up: nothing is claimed from now on. The record to be written if the Lease still
  /// says that it is ours; `record` is what it says.
  std::optional<LeaseRecord> release(const std::optional<LeaseRecord>& record,
                                     const std::string& written_at);

 private:
  bool is_ours() const { return seen_ && seen_->holder == identity_; }
  bool is_free(TimePoint now) const;

  const std::string identity_;
  Random random_;
  std::optional<LeaseRecord> seen_;
  TimePoint seen_at_{};  // for the first time
  LeaseRecord claimed_;
  TimePoint leads_until_ = TimePoint::min();
  TimePoint looked_at_ = TimePoint::min();
  TimePoint next_look_ = TimePoint::min();
};

}  // namespace jobscaler::kube
