#pragma once

#include "http/counter.h"

namespace jobscaler::test {

/// While one of these lives, lookups of kHangingName in this process hang until they are told to go
/// on. REQUIRES: one at a time.
class HangingLookup {
 public:
  HangingLookup();
  ~HangingLookup();  // as unknown(), and waits until no lookup is under way

  /// How often the name has been asked for.
  Counter& asked();

  /// The lookups under way, and all that follow, find loopback; or nothing.
  void found();
  void unknown();
};

inline constexpr auto kHangingName = "hanging.test";

}  // namespace jobscaler::test
