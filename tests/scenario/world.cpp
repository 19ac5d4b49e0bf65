#include "world.h"

#include <algorithm>

namespace jobscaler::scenario {

void World::at(TimePoint when, std::function<void()> what) {
  agenda_.push({std::max(when, now_), planned_++, std::move(what)});
}

void World::run_next() {
  Item item = agenda_.top();
  agenda_.pop();
  now_ = item.when;
  item.what();
}

void World::run_for(Duration duration) {
  const TimePoint end = now_ + duration;
  while (!agenda_.empty() && agenda_.top().when <= end) run_next();
  now_ = end;
}

bool World::run_until(const std::function<bool()>& done, Duration limit) {
  const TimePoint end = now_ + limit;
  while (!done()) {
    if (agenda_.empty() || agenda_.top().when > end) return false;
    run_next();
  }
  return true;
}

bool World::chance(double probability) {
  return static_cast<double>(random_() % 1'000'000) < probability * 1e6;
}

}  // namespace jobscaler::scenario
