#include "rabbitmq/interrupt.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace jobscaler::rabbitmq {

Interrupt::Interrupt() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

Interrupt::~Interrupt() {
  attach(-1);
  close(event_);
}

void Interrupt::trigger() {
  const std::lock_guard lock(mutex_);
  triggered_ = true;
  eventfd_write(event_, 1);
  if (socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

bool Interrupt::triggered() const {
  const std::lock_guard lock(mutex_);
  return triggered_;
}

void Interrupt::attach(int socket) {
  const std::lock_guard lock(mutex_);
  if (socket_ >= 0) close(socket_);
  socket_ = socket < 0 ? -1 : fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (triggered_ && socket_ >= 0) shutdown(socket_, SHUT_RDWR);
}

}  // namespace jobscaler::rabbitmq
