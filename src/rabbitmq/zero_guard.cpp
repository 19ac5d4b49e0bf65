#include "rabbitmq/zero_guard.h"

namespace jobscaler::rabbitmq {

void ZeroGuard::take(std::int64_t ready, std::int64_t consumers, TimePoint asked) {
  if (ready > 0 || consumers > 0) deserted_.clear();
  if (ready > 0) {
    zeros_.clear();
    after_non_zero_ = true;
    return;
  }
  add(zeros_, asked);
  if (zeros_.size() == kEnough) after_non_zero_ = false;
  if (consumers == 0) add(deserted_, asked);
}

void ZeroGuard::add(Row& row, TimePoint asked) const {
  if (!row.empty() && asked - row.back() < spacing_) return;
  row.push_back(asked);
  if (row.size() > kEnough) row.pop_front();
}

void ZeroGuard::interrupted() {
  zeros_.clear();
  deserted_.clear();
}

std::optional<TimePoint> ZeroGuard::deserted_after() const {
  if (deserted_.size() < kEnough) return std::nullopt;
  return deserted_.front();
}

}  // namespace jobscaler::rabbitmq
