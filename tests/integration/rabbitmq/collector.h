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
#include "rabbitmq/connection.h"

namespace jobscaler::rabbitmq::test {

/// An Outbox that keeps everything and can be waited on.
class Collector : public Outbox {
 public:
  void post(Event event) override {
    if (auto* taken = std::get_if<event::ReadingTaken>(&event)) {
      const std::lock_guard lock(mutex_);
      readings_[taken->scaler].push_back(std::move(taken->reading));
      ++count_;
      changed_.notify_all();
    }
  }
  void post(Note note) override {
    const std::lock_guard lock(mutex_);
    notes_.push_back(std::move(note));
    changed_.notify_all();
  }

  std::size_t readings() {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  void wait_for_readings(std::size_t count) {
    wait("readings", [&] { return count_ >= count; });
  }

  /// The last reading of `scaler`. REQUIRES: there is one.
  Result<Reading> last(const std::string& scaler) {
    const std::lock_guard lock(mutex_);
    return readings_.at(scaler).back();
  }

  std::vector<Note> notes() {
    const std::lock_guard lock(mutex_);
    return notes_;
  }
  std::size_t notes_with(const std::string& part) {
    const std::lock_guard lock(mutex_);
    return count_notes(part);
  }
  void wait_for_note(const std::string& part) {
    wait("note: " + part, [&] { return count_notes(part) > 0; });
  }

 private:
  template <typename Condition>
  void wait(const std::string& what, Condition condition) {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, std::chrono::seconds(60), condition)) return;
    throw std::runtime_error("waited in vain for " + what);
  }
  std::size_t count_notes(const std::string& part) const {
    return static_cast<std::size_t>(
        std::count_if(notes_.begin(), notes_.end(),
                      [&](const Note& note) { return note.text.find(part) != std::string::npos; }));
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::vector<Result<Reading>>> readings_;
  std::vector<Note> notes_;
  std::size_t count_ = 0;
};

/// A Connection with its Outbox, and reads that wait for their answers.
class Fixture {
 public:
  Fixture(const RabbitmqConnection& settings, const std::vector<Queue>& queues)
      : connection_(settings, queues, collector_) {}

  Result<Reading> read(const std::string& scaler) {
    const auto before = collector_.readings();
    connection_.read(scaler);
    collector_.wait_for_readings(before + 1);
    return collector_.last(scaler);
  }

  /// Reads until `condition` holds of a reading; at most about a minute.
  template <typename Condition>
  Result<Reading> read_until(const std::string& scaler, Condition condition) {
    const auto deadline = BootClock::now() + std::chrono::seconds(60);
    for (;;) {
      auto reading = read(scaler);
      if (condition(reading)) return reading;
      if (BootClock::now() > deadline) throw std::runtime_error("no such reading of " + scaler);
      pause();
    }
  }

  Connection& connection() { return connection_; }
  Collector& collector() { return collector_; }

 private:
  static void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(50)); }

  Collector collector_;
  Connection connection_;
};

}  // namespace jobscaler::rabbitmq::test
