#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "jobscaler/reading.h"
#include "jobscaler/result.h"
#include "world.h"

namespace jobscaler::scenario {

/// A queue as a broker has it: messages that wait, and messages that workers hold until they
/// acknowledge them. What a worker held when it died goes back to the head.
class FakeQueue {
 public:
  struct Message {
    std::uint64_t id = 0;
    TimePoint published{};
    Duration work{};
    bool poison = false;  ///< kills whoever takes it
  };

  explicit FakeQueue(World& world) : world_(world) {}

  void publish(int count, Duration work, bool poison = false);
  std::optional<Message> take();
  void acknowledge() { --in_flight_, ++done_; }
  void give_back(const Message& message);
  void discard_poison();

  std::int64_t waiting() const { return static_cast<std::int64_t>(ready_.size()); }
  std::int64_t in_flight() const { return in_flight_; }
  std::int64_t done() const { return done_; }
  bool drained() const { return ready_.empty() && in_flight_ == 0; }

  Result<Reading> read() const;

  bool shows_in_flight = false;  ///< a management API is configured
  bool shows_age = false;
  std::optional<Error> down;  ///< what a reading answers instead

 private:
  World& world_;
  std::deque<Message> ready_;
  std::int64_t in_flight_ = 0;
  std::int64_t done_ = 0;
  std::uint64_t next_id_ = 1;
};

}  // namespace jobscaler::scenario
