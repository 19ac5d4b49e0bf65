#include "bench/samples.h"

#include <algorithm>
#include <cmath>

namespace jobscaler::bench {

Duration Samples::percentile(double percent) const {
  std::vector<Duration> sorted = values_;
  auto rank =
      static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(sorted.size())));
  auto nth = sorted.begin() + static_cast<std::ptrdiff_t>(std::max<std::size_t>(rank, 1) - 1);
  std::nth_element(sorted.begin(), nth, sorted.end());
  return *nth;
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

}  // namespace jobscaler::bench
