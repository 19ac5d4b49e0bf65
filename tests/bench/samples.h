#pragma once

#include <vector>

#include "jobscaler/clock.h"

namespace jobscaler::bench {

/// Durations of one kind, in the order in which they were measured.
class Samples {
 public:
  void add(Duration duration) { values_.push_back(duration); }
  void add(const Samples& others) {
    values_.insert(values_.end(), others.values_.begin(), others.values_.end());
  }
  std::size_t size() const { return values_.size(); }

  /// The nearest-rank percentile; 0 < `percent` <= 100. REQUIRES: size() > 0.
  Duration percentile(double percent) const;
  Duration max() const { return percentile(100); }

 private:
  std::vector<Duration> values_;
};

double milliseconds(Duration duration);

}  // namespace jobscaler::bench
