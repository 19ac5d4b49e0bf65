#pragma once

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "jobscaler/ports.h"
#include "kafka/connection.h"

namespace jobscaler::kafka::test {

/// An Outbox that keeps everything and can be waited on.
class Collector : public Outbox {
 public:
  void post(Event event) override {
    if (auto* taken = std::get_if<event::ReadingTaken>(&event)) {
      const std::lock_guard lock(mutex_);
      readings_[taken->scaler].push_back(std::move(taken->reading));
      changed_.notify_all();
    }
  }
  void post(Note note) override {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(note));
  }

  std::size_t readings(const std::string& scaler) {
    const std::lock_guard lock(mutex_);
    return readings_[scaler].size();
  }

  /// The reading number `count`, from 1.
  Result<Reading> wait_for_reading(const std::string& scaler, std::size_t count) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60),
                           [&] { return readings_[scaler].size() >= count; })) {
      throw std::runtime_error("waited in vain for a reading of " + scaler);
    }
    return readings_[scaler][count - 1];
  }

  std::size_t notes_with(const std::string& part) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::count_if(notes_.begin(), notes_.end(),
                      [&](const Note& note) { return note.text.find(part) != std::string::npos; }));
  }

  /// All but the debug ones, for the words a failing test prints.
  std::string notes() {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const Note& note : notes_) {
      if (note.level != Level::debug) text += note.text + "\n";
    }
    return text;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<Result<Reading>>> readings_;
  std::vector<Note> notes_;
};

/// A Connection with its Outbox, and reads that wait for their answers.
class Fixture {
 public:
  Fixture(const KafkaConnection& settings, const std::vector<Group>& groups)
      : connection_(settings, groups, collector_) {}

  Result<Reading> read(const std::string& scaler = "s") {
    const auto before = collector_.readings(scaler);
    connection_.read(scaler);
    return collector_.wait_for_reading(scaler, before + 1);
  }

  /// Reads until `condition` holds of a reading; at most about a minute.
  template <typename Condition>
  Result<Reading> read_until(Condition condition, const std::string& scaler = "s") {
    const auto deadline = BootClock::now() + std::chrono::seconds(60);
    for (;;) {
      auto reading = read(scaler);
      if (condition(reading)) return reading;
      if (BootClock::now() > deadline) {
        throw std::runtime_error("no such reading; the last: " + describe(reading));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  std::size_t notes_with(const std::string& part) { return collector_.notes_with(part); }

  Connection& connection() { return connection_; }
  Collector& collector() { return collector_; }

  static std::string describe(const Result<Reading>& reading) {
    return reading ? std::to_string(reading->waiting) + " waiting" : reading.error().message;
  }

 private:
  Collector collector_;
  Connection connection_;
};

inline bool is_ok(const Result<Reading>& reading) {
  return reading.ok();
}
inline bool is_error(const Result<Reading>& reading) {
  return !reading.ok();
}

/// For Fixture::read_until().
inline auto waiting(std::int64_t count) {
  return [count](const Result<Reading>& reading) { return reading && reading->waiting == count; };
}

}  // namespace jobscaler::kafka::test
