#include "rabbitmq/zero_guard.h"

namespace jobscaler::rabbitmq {

void ZeroGuard::take(std::int64_t ready, TimePoint asked) {
  if (ready > 0) {
    zeros_ = 0;
    after_non_zero_ = true;
    return;
  }
  if (zeros_ > 0 && asked - counted_ < spacing_) return;
  counted_ = asked;
  if (zeros_ < kEnough) ++zeros_;
  if (zeros_ == kEnough) after_non_zero_ = false;
}

}  // namespace jobscaler::rabbitmq
