#include "fake_queue.h"

#include <algorithm>

namespace jobscaler::scenario {

void FakeQueue::publish(int count, Duration work, bool poison) {
  for (int i = 0; i < count; ++i) ready_.push_back({next_id_++, world_.now(), work, poison});
}

std::optional<FakeQueue::Message> FakeQueue::take() {
  if (ready_.empty()) return std::nullopt;
  const Message message = ready_.front();
  ready_.pop_front();
  ++in_flight_;
  return message;
}

void FakeQueue::give_back(const Message& message) {
  ready_.push_front(message);
  --in_flight_;
}

void FakeQueue::discard_poison() {
  std::erase_if(ready_, [](const Message& m) { return m.poison; });
}

Result<Reading> FakeQueue::read() const {
  if (down) return *down;
  Reading reading;
  reading.waiting = waiting();
  reading.taken_at = world_.now();
  if (shows_in_flight) reading.in_flight = in_flight_;
  if (shows_age && !ready_.empty()) {
    reading.oldest = OldestAge{world_.now() - ready_.front().published, AgeMethod::timestamp,
                               OldestAge::Kind::exact};
  }
  return reading;
}

}  // namespace jobscaler::scenario
