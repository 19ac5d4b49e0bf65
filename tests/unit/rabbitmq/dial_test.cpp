#include "rabbitmq/dial.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <thread>

namespace jobscaler::rabbitmq {
namespace {

using std::chrono::seconds;

/// A loopback port that takes connections, at most `backlog` of them unaccepted.
struct Listener {
  explicit Listener(int backlog) : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(bind(fd.get(), generic, size) == 0);
    REQUIRE(listen(fd.get(), backlog) == 0);
    REQUIRE(getsockname(fd.get(), generic, &size) == 0);
    port = ntohs(address.sin_port);
  }
  addrinfo info() {
    addrinfo info{};
    info.ai_family = AF_INET;
    info.ai_addr = reinterpret_cast<sockaddr*>(&address);
    info.ai_addrlen = sizeof address;
    return info;
  }
  UniqueFd fd;
  sockaddr_in address{};
  int port = 0;
};

}  // namespace

TEST_CASE("dial connects") {
  Listener listener(1);
  const Interrupt interrupt;
  const auto fd = dial("127.0.0.1", listener.port, seconds(10), interrupt);
  REQUIRE(fd.ok());
  CHECK(fd->get() >= 0);
}

TEST_CASE("dial reaches the second address when the first drops what comes") {
  Listener full(0);
  const Interrupt interrupt;
  std::vector<UniqueFd> filling;
  for (;;) {  // until the backlog is full and the kernel drops what comes
    auto fd = dial("127.0.0.1", full.port, std::chrono::milliseconds(100), interrupt);
    if (!fd) break;
    REQUIRE(filling.size() < 100);
    filling.push_back(std::move(*fd));
  }
  Listener good(1);
  addrinfo second = good.info();
  addrinfo first = full.info();
  first.ai_next = &second;
  UniqueFd fd;
  CHECK(connect_to_any(&first, BootClock::now() + seconds(2), interrupt, fd) == 0);
}

TEST_CASE("dial gives up at its deadline when nobody takes the connection") {
  Listener listener(0);
  const Interrupt interrupt;
  std::vector<UniqueFd> filling;
  for (;;) {  // until the backlog is full and the kernel drops what comes
    auto fd = dial("127.0.0.1", listener.port, std::chrono::milliseconds(100), interrupt);
    if (!fd) {
      CHECK(fd.error().kind == ErrorKind::unavailable);
      CHECK(fd.error().message ==
            "no answer from 127.0.0.1:" + std::to_string(listener.port) +
                " to the attempt to connect within 100ms: check host, port and firewalls");
      break;
    }
    REQUIRE(filling.size() < 100);
    filling.push_back(std::move(*fd));
  }
  SECTION("and at once when interrupted") {
    Interrupt trigger;
    std::thread other([&] { trigger.trigger(); });
    const auto fd = dial("127.0.0.1", listener.port, std::chrono::hours(1), trigger);
    other.join();
    REQUIRE_FALSE(fd.ok());
    CHECK(fd.error().kind == ErrorKind::cancelled);
  }
}

TEST_CASE("an interrupt shuts down the socket attached to it, also one attached later") {
  Listener listener(2);
  Interrupt interrupt;
  const auto before = dial("127.0.0.1", listener.port, seconds(10), interrupt);
  const auto after = dial("127.0.0.1", listener.port, seconds(10), interrupt);
  REQUIRE(before.ok());
  REQUIRE(after.ok());
  interrupt.attach(before->get());
  interrupt.trigger();
  interrupt.attach(after->get());
  CHECK(interrupt.triggered());
  char byte = 0;
  CHECK(recv(before->get(), &byte, 1, 0) == 0);
  CHECK(recv(after->get(), &byte, 1, 0) == 0);
}

}  // namespace jobscaler::rabbitmq
