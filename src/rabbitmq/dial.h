#pragma once

#include <string>

#include "jobscaler/clock.h"
#include "jobscaler/result.h"
#include "rabbitmq/interrupt.h"

struct addrinfo;

namespace jobscaler::rabbitmq {

/// Closes a file descriptor it owns.
class UniqueFd {
 public:
  explicit UniqueFd(int fd = -1) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd();

  int get() const { return fd_; }
  int release();

 private:
  int fd_;
};

/// Finds out whether `host` has an address, in at most `timeout`, which getaddrinfo alone does not
/// promise. A lookup that takes longer is left behind on a thread of its own.
/// Errors: unavailable, with the name and the resolver's words; cancelled.
Result<bool> resolve(const std::string& host, Duration timeout, const Interrupt& interrupt);

/// A TCP connection, non-blocking, without Nagle's delay. Resolves first; tries every address, each
/// with its share of what is left of `timeout`. Errors: unavailable, in words for people;
/// cancelled.
Result<UniqueFd> dial(const std::string& host, int port, Duration timeout,
                      const Interrupt& interrupt);

/// A TCP connection to the first of `addresses` that takes one, each with its share of the time
/// that is left. 0 with `fd` connected, the last errno, or -1 when interrupted.
int connect_to_any(const addrinfo* addresses, TimePoint deadline, const Interrupt& interrupt,
                   UniqueFd& fd);

/// Bounds what the kernel does with the socket on its own: data that stay unacknowledged for
/// `timeout` break the connection (also under a send that would otherwise wait for ever), and a
/// peer that vanished is noticed within about a minute of silence.
void bound_socket(int fd, Duration timeout);

/// "rabbitmq:5672", "[::1]:5672"
std::string peer_name(const std::string& host, int port);

/// "2s", "1.5s", "250ms"
std::string seconds_text(Duration duration);

}  // namespace jobscaler::rabbitmq
