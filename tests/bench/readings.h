#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "jobscaler/ports.h"

namespace jobscaler::bench {

/// Counts the readings that come. Everything that waits throws std::runtime_error after half a
/// minute.
class Readings : public Outbox {
 public:
  void post(Event event) override;
  void post(Note) override {}

  /// Reads all scalers at once; returns how long the readings took. They may have failed.
  Duration poll(SourcePort& source, const std::vector<std::string>& scalers);

  /// Polls until every reading is good: sources answer with errors until they are connected.
  void poll_until_good(SourcePort& source, const std::vector<std::string>& scalers);

  /// Throws if a reading has failed since the last poll_until_good().
  void need_good();

 private:
  void expect(std::size_t count);
  std::string take_trouble();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t count_ = 0;
  std::string trouble_;  // what the last failed reading said; empty if all were good
};

}  // namespace jobscaler::bench
