#pragma once

#include <mutex>

namespace jobscaler::rabbitmq {

/// Gets a thread out of whatever I/O it is in. One thread owns the work; any thread may trigger().
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// From now on fd() is readable and every attached socket is shut down, for ever.
  void trigger();
  bool triggered() const;

  /// Readable once triggered; for poll().
  int fd() const { return event_; }

  /// Shuts `socket` down when triggered (at once if that was before). Replaces the socket attached
  /// before; -1 attaches none. Keeps a duplicate, so the caller may close `socket` whenever it
  /// likes.
  void attach(int socket);

 private:
  const int event_;
  mutable std::mutex mutex_;
  bool triggered_ = false;
  int socket_ = -1;
};

}  // namespace jobscaler::rabbitmq
