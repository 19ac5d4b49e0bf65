#include "rabbitmq/zero_guard.h"

namespace jobscaler::rabbitmq {

void ZeroGuard::take(std::int64_t ready, std::int64_t consumers, TimePoint asked) {
  if (ready > 0 || consumers > 0) deserted_.clear();
  if (ready > 0) {
    zeros_ = 0;
    after_non_zero_ = true;
    return;
  }
  const bool counts = zeros_ == 0 || asked - counted_ >= spacing_;
  if (counts) {
    counted_ = asked;
    if (zeros_ < kEnough) ++zeros_;
    if (zeros_ == kEnough) after_non_zero_ = false;
  }
  if (consumers == 0 && (deserted_.empty() || counts)) deserted_.push_back(asked);
  if (deserted_.size() > kEnough) deserted_.pop_front();
}

void ZeroGuard::interrupted() {
  zeros_ = 0;
  deserted_.clear();
}

std::optional<TimePoint> ZeroGuard::deserted_after() const {
  if (deserted_.size() < kEnough) return std::nullopt;
  return deserted_.front();
}

}  // namespace jobscaler::rabbitmq
