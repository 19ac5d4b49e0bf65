#include "daemon/mailbox.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace jobscaler::daemon {

Mailbox::Mailbox() : wakeup_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wakeup_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::~Mailbox() {
  close(wakeup_);
}

void Mailbox::post(Event event) {
  put(std::move(event));
}
void Mailbox::post(Note note) {
  put(std::move(note));
}

void Mailbox::put(Item item) {
  {
    std::lock_guard lock(mutex_);
    items_.push_back(std::move(item));
  }
  wake();
}

void Mailbox::wake() noexcept {
  int saved_errno = errno;  // a signal handler must leave it alone
  eventfd_write(wakeup_, 1);
  errno = saved_errno;
}

std::vector<Mailbox::Item> Mailbox::take(TimePoint deadline) {
  Duration wait = std::max(deadline - BootClock::now(), Duration::zero());
  auto seconds = std::chrono::floor<std::chrono::seconds>(wait);
  timespec timeout{seconds.count(), (wait - seconds).count()};
  pollfd descriptor{wakeup_, POLLIN, 0};
  ppoll(&descriptor, 1, &timeout, nullptr);
  eventfd_t ignored = 0;
  eventfd_read(wakeup_, &ignored);
  std::lock_guard lock(mutex_);
  return std::exchange(items_, {});
}

}  // namespace jobscaler::daemon
