#include "kube/health.h"

#include <fmt/format.h>

namespace jobscaler::kube {

void Health::lost(Resource resource, TimePoint since, const std::string& words) {
  const std::lock_guard lock(mutex_);
  up_[static_cast<std::size_t>(resource)] = false;
  if (!told_down_ || since < down_since_) down_since_ = since;
  const bool news = said_.insert(words).second;
  if (told_down_ && !news) return;
  told_down_ = true;
  session_.outbox.post(Event(event::WatchChanged{false, down_since_, words}));
  if (news) session_.note(Level::warn, "kubernetes", words + "; retrying");
}

void Health::synced(Resource resource) {
  const std::lock_guard lock(mutex_);
  up_[static_cast<std::size_t>(resource)] = true;
  if (up_[0] && up_[1]) tell_up();
}

void Health::tell_up() {
  const auto now = BootClock::now();
  const bool recovered = std::exchange(told_down_, false);
  if (recovered) {
    const std::chrono::duration<double> outage = now - down_since_;
    session_.outbox.post(Event(event::WatchChanged{true, now, ""}));
    session_.note(Level::info, "kubernetes",
                  fmt::format("connected again after {:.1f}s", outage.count()));
  } else if (!ever_up_) {
    session_.note(Level::info, "kubernetes", "connected to " + session_.api.describe());
  }
  ever_up_ = true;
  said_.clear();
}

}  // namespace jobscaler::kube
