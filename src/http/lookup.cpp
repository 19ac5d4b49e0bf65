#include "http/lookup.h"

#include <utility>  // Boost 1.74's asio uses it and does not include it

#include <arpa/inet.h>
#include <netdb.h>
#include <pplx/threadpool.h>

#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace jobscaler::http {
namespace {

using Timer = boost::asio::steady_timer;

/// How long a name that was found is taken to be found: the requests of one moment ask once.
constexpr auto kBelieved = std::chrono::seconds(1);

constexpr auto kProblem = "Error resolving address";  // cpprestsdk's words

boost::asio::io_service& pool() {
  return crossplat::threadpool::shared_instance().service();
}

bool is_name(const std::string& host) {
  in_addr address{};
  return !host.empty() && ::inet_pton(AF_INET, host.c_str(), &address) != 1;
}

bool can_be_found(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return false;
  ::freeaddrinfo(found);
  return true;
}

}  // namespace

struct Lookup::State : std::enable_shared_from_this<Lookup::State> {
  struct Asker {
    explicit Asker(Done d) : done(std::move(d)), deadline(pool()) {}
    Done done;
    Timer deadline;
  };
  using Askers = std::vector<std::shared_ptr<Asker>>;

  State(const std::string& host, Duration limit)
      : name(is_name(host) ? host : ""), timeout(limit) {}

  bool is_known() {
    const std::lock_guard lock(mutex);
    return name.empty() || BootClock::now() < known_until;
  }
  void add(Done done);
  void start();
  void run();
  void expire(const std::shared_ptr<Asker>& asker);
  Askers take_askers();

  const std::string name;  // empty: there is nothing to look up
  const Duration timeout;
  std::mutex mutex;
  bool running = false;
  TimePoint known_until{};
  Askers askers;
};

void Lookup::State::add(Done done) {
  const auto asker = std::make_shared<Asker>(std::move(done));
  const std::lock_guard lock(mutex);
  askers.push_back(asker);
  asker->deadline.expires_after(std::chrono::duration_cast<Timer::duration>(timeout));
  asker->deadline.async_wait(
      [self = shared_from_this(), asker](const auto&) { self->expire(asker); });
  if (!running) start();
}

/// On a thread that is left alone: getaddrinfo() cannot be interrupted.
void Lookup::State::start() {
  try {
    std::thread([self = shared_from_this()] { self->run(); }).detach();
    running = true;
  } catch (const std::system_error&) {  // no thread is to be had: the deadline will say no
  }
}

void Lookup::State::run() {
  const bool found = can_be_found(name);
  const std::lock_guard lock(mutex);
  running = false;
  if (found) known_until = BootClock::now() + kBelieved;
  for (auto& asker : take_askers()) {
    pool().post([asker, found] {
      asker->done(found ? std::nullopt : std::optional(Failure{kProblem, EHOSTUNREACH}));
    });
  }
}

/// REQUIRES: locked
Lookup::State::Askers Lookup::State::take_askers() {
  for (const auto& asker : askers) asker->deadline.cancel();
  return std::exchange(askers, {});
}

void Lookup::State::expire(const std::shared_ptr<Asker>& asker) {
  {
    const std::lock_guard lock(mutex);
    if (std::erase(askers, asker) == 0) return;  // answered
  }
  asker->done(Failure{kProblem, ETIMEDOUT});
}

Lookup::Lookup(const std::string& host, Duration timeout)
    : state_(std::make_shared<State>(host, timeout)) {}

void Lookup::ask(Done done) {
  if (state_->is_known()) return done(std::nullopt);
  state_->add(std::move(done));
}

void Lookup::forget() {
  State::Askers forgotten;  // destroyed without the lock
  const std::lock_guard lock(state_->mutex);
  forgotten = state_->take_askers();
}

}  // namespace jobscaler::http
