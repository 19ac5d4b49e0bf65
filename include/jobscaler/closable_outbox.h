#pragma once

#include <mutex>
#include <utility>

#include "jobscaler/ports.h"

namespace jobscaler {

/// An outbox that can be closed: nothing is posted after silence() has returned. Any thread.
class ClosableOutbox : public Outbox {
 public:
  explicit ClosableOutbox(Outbox& inner) : inner_(inner) {}

  void post(Event event) override {
    const std::lock_guard lock(mutex_);
    if (!silent_) inner_.post(std::move(event));
  }
  void post(Note note) override {
    const std::lock_guard lock(mutex_);
    if (!silent_) inner_.post(std::move(note));
  }

  void silence() {
    const std::lock_guard lock(mutex_);
    silent_ = true;
  }

 private:
  Outbox& inner_;
  std::mutex mutex_;
  bool silent_ = false;
};

}  // namespace jobscaler
