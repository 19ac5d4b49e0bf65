#pragma once

#include <mutex>
#include <optional>
#include <variant>
#include <vector>

#include "jobscaler/ports.h"

namespace jobscaler::daemon {

/// The one door into the loop: I/O threads and signal handlers put in, the loop thread takes out.
class Mailbox : public Outbox {
 public:
  using Item = std::variant<Event, Note>;

  Mailbox();
  ~Mailbox() override;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  void post(Event event) override;
  void post(Note note) override;

  /// Wakes the loop. The only member a signal handler may call.
  void wake() noexcept;

  /// Everything posted since the last call, in order; waits for the first item, for wake(), or
  /// until `deadline`, whichever comes first. Loop thread only.
  std::vector<Item> take(TimePoint deadline);

 private:
  void put(Item item);

  std::mutex mutex_;
  std::vector<Item> items_;
  int wakeup_;  // an eventfd, because a condition variable cannot be signalled by a signal handler
};

}  // namespace jobscaler::daemon
