#include "kube/leadership.h"

#include <fmt/format.h>

namespace jobscaler::kube {

void Leadership::await() {
  const std::lock_guard lock(mutex_);
  until_ = TimePoint::min();
}

bool Leadership::lead(TimePoint since, TimePoint until, const std::string& identity) {
  const std::lock_guard lock(mutex_);
  expire(since, "this process stood still");
  until_ = until;
  if (told_ == true) return false;
  tell({true, "", since}, Level::info,
       fmt::format("leads: holds Lease {} as {}", lease_, identity));
  return true;
}

void Leadership::stand_by(const std::string& holder) {
  const std::lock_guard lock(mutex_);
  until_ = TimePoint::min();
  if (told_ == false && holder == holder_) return;
  if (told_ == true) {
    return tell({false, holder}, Level::warn,
                fmt::format("leads no more: {} has taken Lease {}",
                            holder.empty() ? "somebody" : holder, lease_));
  }
  if (holder.empty()) return tell({false, holder}, Level::debug, "stands by");
  tell({false, holder}, Level::info, fmt::format("stands by: {} holds Lease {}", holder, lease_));
}

TimePoint Leadership::until(TimePoint now, const std::string& words) {
  const std::lock_guard lock(mutex_);
  expire(now, words);
  return until_;
}

/// REQUIRES: mutex_ is held.
void Leadership::expire(TimePoint now, const std::string& words) {
  if (told_ != true || now <= until_) return;
  tell({false, ""}, Level::warn,
       fmt::format("leads no more: Lease {} was not renewed in time: {}", lease_, words));
}

void Leadership::tell(event::LeadershipChanged change, Level level, const std::string& text) {
  told_ = change.leader;
  holder_ = change.holder;
  outbox_.post(Event(std::move(change)));
  outbox_.post(Note{level, "kubernetes", text});
}

}  // namespace jobscaler::kube
