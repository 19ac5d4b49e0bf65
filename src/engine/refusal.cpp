#include "engine/refusal.h"

#include <algorithm>

namespace jobscaler::engine {
namespace {

std::optional<Reason> reason_for(CreateOutcome::Kind kind) {
  switch (kind) {
    case CreateOutcome::Kind::name_taken:
      return Reason::name_taken;
    case CreateOutcome::Kind::template_refused:
      return Reason::template_refused;
    case CreateOutcome::Kind::quota_exceeded:
      return Reason::quota_exceeded;
    case CreateOutcome::Kind::refused:
    case CreateOutcome::Kind::not_created:
      return Reason::cluster_refused;
    case CreateOutcome::Kind::created:
    case CreateOutcome::Kind::adopted:
    case CreateOutcome::Kind::already_finished:
    case CreateOutcome::Kind::too_old:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string words_for(const CreateOutcome& outcome) {
  if (outcome.kind != CreateOutcome::Kind::not_created) return outcome.words;
  if (outcome.words.empty()) return "the create request was lost";
  return "the create request was lost: " + outcome.words;
}

}  // namespace

Duration retry_delay(int tries, std::optional<Duration> wish) {
  Duration delay = kFirstRetry;
  for (int i = 1; i < tries && delay < kLongestRetry; ++i) delay *= 2;
  return std::max(std::min(delay, kLongestRetry), wish.value_or(Duration::zero()));
}

std::optional<Refusal> refusal_after(const std::optional<Refusal>& before,
                                     const CreateOutcome& outcome, TimePoint now) {
  // A request that was not even sent says nothing about what the server would have answered.
  if (outcome.kind == CreateOutcome::Kind::too_old) return before;
  const auto reason = reason_for(outcome.kind);
  if (!reason) return std::nullopt;
  // Long after the last one it is another trouble.
  const bool same = before && now - before->retry_at < kLongestRetry;
  const int tries = (same ? before->tries : 0) + 1;
  return Refusal{*reason, words_for(outcome), now + retry_delay(tries, outcome.retry_after), tries};
}

void TemplateCheck::answered(const std::string& refusal, TimePoint now) {
  if (refusal.empty()) {
    refusal_.reset();
    return;
  }
  const int tries = (refusal_ ? refusal_->tries : 0) + 1;
  refusal_ =
      Refusal{Reason::template_refused, refusal, now + retry_delay(tries, std::nullopt), tries};
}

TimePoint TemplateCheck::next() const {
  return refusal_ ? refusal_->retry_at : TimePoint::max();
}

void TemplateCheck::asked(TimePoint now) {
  if (refusal_) refusal_->retry_at = now + kLongestRetry;
}

}  // namespace jobscaler::engine
