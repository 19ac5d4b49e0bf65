#include "engine/fairness.h"

namespace jobscaler::engine {
namespace {

double need_of(const Claim& claim) {
  return static_cast<double>(claim.waiting) / (static_cast<double>(claim.threshold) + 1.0);
}

}  // namespace

bool goes_before(const Claim& a, const Claim& b) {
  if (a.last_served != b.last_served) return a.last_served < b.last_served;
  if (need_of(a) != need_of(b)) return need_of(a) > need_of(b);
  return a.scaler < b.scaler;
}

}  // namespace jobscaler::engine
