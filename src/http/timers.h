#pragma once

#include <functional>
#include <memory>

#include "jobscaler/clock.h"

namespace jobscaler::http {

/// Calls functions later, on the threads of the pool that the clients use.
class Timers {
 public:
  Timers();
  ~Timers();  // stop()
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  /// Calls `task` once, after `delay`, unless stop() comes first. It must not block. Any thread.
  void after(Duration delay, std::function<void()> task);

  /// Drops what is waiting, and waits for the tasks that are running. Never call it from a task.
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace jobscaler::http
