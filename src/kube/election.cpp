#include "kube/election.h"

#include <algorithm>
#include <cstdint>
#include <limits>

namespace jobscaler::kube {
namespace {

constexpr std::int64_t kSeconds =
    std::chrono::duration_cast<std::chrono::seconds>(kLeaseDuration).count();
constexpr std::int64_t kMostTransitions =
    std::numeric_limits<std::int32_t>::max();  // as Leases have it

/// A number that the API server takes: it would refuse the Lease, and us, for ever.
std::int64_t next_transition(std::int64_t last) {
  return std::clamp<std::int64_t>(last, 0, kMostTransitions - 1) + 1;
}

}  // namespace

Election::Election(std::string identity, Random random)
    : identity_(std::move(identity)), random_(std::move(random)) {}

void Election::look_began(TimePoint now) {
  const std::chrono::duration<double> jitter = kMostJitter * random_();
  looked_at_ = now;
  next_look_ = now + kRetryPeriod + std::chrono::duration_cast<Duration>(jitter);
}

bool Election::saw(const std::optional<LeaseRecord>& record, TimePoint now) {
  if (record && record != seen_) {
    seen_ = record;
    seen_at_ = now;
  }
  if (seen_ && !is_ours()) leads_until_ = TimePoint::min();
  return is_free(now);
}

bool Election::is_free(TimePoint now) const {
  return !seen_ || seen_->holder.empty() || is_ours() || now >= seen_at_ + kExpiry;
}

LeaseRecord Election::claim(const std::string& written_at) {
  claimed_ = {identity_, kSeconds, written_at, written_at, 0};
  // One that was edited by hand may have none, and the API server takes no empty time.
  if (is_ours() && !seen_->acquired.empty()) claimed_.acquired = seen_->acquired;
  if (seen_ && is_ours()) claimed_.transitions = seen_->transitions;
  if (seen_ && !is_ours()) claimed_.transitions = next_transition(seen_->transitions);
  return claimed_;
}

void Election::wrote(TimePoint sent) {
  seen_ = claimed_;
  leads_until_ = sent + kRenewDeadline;
}

TimePoint Election::next_look() const {
  const auto expiry = seen_at_ + kExpiry;
  const bool expires = !other_holder().empty() && expiry > looked_at_;
  return expires ? std::min(next_look_, expiry) : next_look_;
}

std::string Election::other_holder() const {
  return seen_ && !is_ours() ? seen_->holder : "";
}

std::optional<LeaseRecord> Election::release(const std::optional<LeaseRecord>& record,
                                             const std::string& written_at) {
  leads_until_ = TimePoint::min();
  if (!record || record->holder != identity_) return std::nullopt;
  // As client-go does it: whoever reads it by the duration need not wait, either.
  return LeaseRecord{"", 1, written_at, written_at, record->transitions};
}

}  // namespace jobscaler::kube
