#include "kube/leadership.h"

#include <fmt/format.h>

namespace jobscaler::kube {

void Leadership::await() {
  const std::lock_guard lock(mutex_);
  until_ = TimePoint::min();
}

void Leadership::lead(TimePoint until, const std::string& identity) {
  const std::lock_guard lock(mutex_);
  until_ = until;
  if (told_ == true) return;
  tell(true, "", Level::info, fmt::format("leads: holds Lease {} as {}", lease_, identity));
}

void Leadership::stand_by(const std::string& holder) {
  const std::lock_guard lock(mutex_);
  until_ = TimePoint::min();
  if (told_ == false && holder == holder_) return;
  if (told_ == true) {
    return tell(false, holder, Level::warn,
                fmt::format("leads no more: {} has taken Lease {}", holder, lease_));
  }
  if (holder.empty()) return tell(false, holder, Level::debug, "stands by");
  tell(false, holder, Level::info, fmt::format("stands by: {} holds Lease {}", holder, lease_));
}

TimePoint Leadership::until(TimePoint now, const std::string& words) {
  const std::lock_guard lock(mutex_);
  if (told_ == true && now > until_) {
    tell(false, "", Level::warn,
         fmt::format("leads no more: Lease {} was not renewed in time: {}", lease_, words));
  }
  return until_;
}

void Leadership::tell(bool leader, const std::string& holder, Level level,
                      const std::string& text) {
  told_ = leader;
  holder_ = holder;
  outbox_.post(Event(event::LeadershipChanged{leader, holder}));
  outbox_.post(Note{level, "kubernetes", text});
}

}  // namespace jobscaler::kube
