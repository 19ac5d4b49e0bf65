#include "rabbitmq/dial.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace jobscaler::rabbitmq {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

/// What a lookup and the thread that waits for it share; the last of them frees it.
struct Lookup {
  std::string host;
  std::string service;
  UniqueFd done{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::mutex mutex;
  int status = 0;
  AddressList addresses{nullptr, &freeaddrinfo};
};

int look_up(const std::string& host, const std::string& service, int flags, AddressList& out) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int status = getaddrinfo(host.c_str(), service.c_str(), &hints, &list);
  out.reset(list);
  return status;
}

/// Waits for `fd` to have one of `events`. 1: it has; 0: time is up; -1: interrupted.
int wait_for(int fd, short events, TimePoint deadline, const Interrupt& interrupt) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - BootClock::now());
    if (left.count() <= 0) return 0;
    pollfd fds[2] = {{fd, events, 0}, {interrupt.fd(), POLLIN, 0}};
    const int ready = poll(fds, 2, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return 0;
    if (ready <= 0) continue;
    if (fds[1].revents != 0) return -1;
    return 1;
  }
}

Error stopped() {
  return {ErrorKind::cancelled, "stopped"};
}

Error unresolved(const std::string& host, const std::string& words) {
  return {
      ErrorKind::unavailable,
      fmt::format("cannot resolve host name '{}': {}; check the connection's host", host, words)};
}

Result<AddressList> find_addresses(const std::string& host, int port, TimePoint deadline,
                                   Duration timeout, const Interrupt& interrupt) {
  auto lookup = std::make_shared<Lookup>();
  lookup->host = host;
  lookup->service = std::to_string(port);
  if (look_up(host, lookup->service, AI_NUMERICHOST, lookup->addresses) == 0) {
    return std::move(lookup->addresses);
  }
  std::thread([lookup] {
    AddressList found(nullptr, &freeaddrinfo);
    const int status = look_up(lookup->host, lookup->service, AI_ADDRCONFIG, found);
    const std::lock_guard lock(lookup->mutex);
    lookup->status = status;
    lookup->addresses = std::move(found);
    eventfd_write(lookup->done.get(), 1);
  }).detach();
  const int waited = wait_for(lookup->done.get(), POLLIN, deadline, interrupt);
  if (waited < 0) return stopped();
  if (waited == 0) {
    return unresolved(host,
                      fmt::format("no answer from the resolver within {}", seconds_text(timeout)));
  }
  const std::lock_guard lock(lookup->mutex);
  if (lookup->status != 0) return unresolved(host, gai_strerror(lookup->status));
  return std::move(lookup->addresses);
}

int count_addresses(const addrinfo* addresses) {
  int count = 0;
  for (const addrinfo* one = addresses; one != nullptr; one = one->ai_next) ++count;
  return count;
}

/// 0 with `fd` connected, an errno, or -1 when interrupted.
int connect_to(const addrinfo& address, TimePoint deadline, const Interrupt& interrupt,
               UniqueFd& fd) {
  fd = UniqueFd(socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (fd.get() < 0) return errno;
  if (connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  const int waited = wait_for(fd.get(), POLLOUT, deadline, interrupt);
  if (waited <= 0) return waited == 0 ? ETIMEDOUT : -1;
  int status = 0;
  socklen_t size = sizeof status;
  getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &status, &size);
  return status;
}

Error no_connection(const std::string& peer, int status, Duration timeout) {
  if (status == ECONNREFUSED) {
    return {ErrorKind::unavailable,
            fmt::format("connection to {} refused: is the broker up, and is this its AMQP port?",
                        peer)};
  }
  if (status == ETIMEDOUT) {
    return {ErrorKind::unavailable,
            fmt::format("no answer from {} to the attempt to connect within {}: check host, port "
                        "and firewalls",
                        peer, seconds_text(timeout))};
  }
  return {ErrorKind::unavailable, fmt::format("cannot connect to {}: {}", peer, strerror(status))};
}

}  // namespace

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

UniqueFd::~UniqueFd() {
  if (fd_ >= 0) close(fd_);
}

int UniqueFd::release() {
  return std::exchange(fd_, -1);
}

Result<bool> resolve(const std::string& host, Duration timeout, const Interrupt& interrupt) {
  auto found = find_addresses(host, 0, BootClock::now() + timeout, timeout, interrupt);
  if (!found) return found.error();
  return true;
}

Result<UniqueFd> dial(const std::string& host, int port, Duration timeout,
                      const Interrupt& interrupt) {
  const auto deadline = BootClock::now() + timeout;
  auto addresses = find_addresses(host, port, deadline, timeout, interrupt);
  if (!addresses) return addresses.error();
  UniqueFd fd;
  const int status = connect_to_any(addresses->get(), deadline, interrupt, fd);
  if (status < 0) return stopped();
  if (status != 0) return no_connection(peer_name(host, port), status, timeout);
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

int connect_to_any(const addrinfo* addresses, TimePoint deadline, const Interrupt& interrupt,
                   UniqueFd& fd) {
  int status = ETIMEDOUT;
  auto left = count_addresses(addresses);
  for (const addrinfo* address = addresses; address != nullptr; address = address->ai_next) {
    const auto now = BootClock::now();
    status = connect_to(*address, now + (deadline - now) / left--, interrupt, fd);
    if (status <= 0) break;
  }
  return status;
}

void bound_socket(int fd, Duration timeout) {
  const unsigned unacknowledged =
      static_cast<unsigned>(std::chrono::ceil<std::chrono::milliseconds>(timeout).count());
  const int on = 1, idle = 30, interval = 10, probes = 3;
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged, sizeof unacknowledged);
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

std::string peer_name(const std::string& host, int port) {
  const bool v6 = host.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

std::string seconds_text(Duration duration) {
  const auto ms = std::chrono::round<std::chrono::milliseconds>(duration).count();
  if (ms < 1000) return fmt::format("{}ms", ms);
  return fmt::format("{}s", static_cast<double>(ms) / 1000);
}

}  // namespace jobscaler::rabbitmq
