#include "demo/work.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <thread>

#include "demo/broker.h"
#include "demo/report.h"

namespace jobscaler::demo {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopLatency{50};  // rabbitmq-c waits on when a signal arrives
constexpr milliseconds kRetryInterval{500};

std::string worker_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return fmt::format("{}-{}", host.data(), getpid());
}

class Worker {
 public:
  Worker(const WorkOptions& options, const volatile std::sig_atomic_t& stop)
      : options_(options), stop_(stop), report_(options.report, worker_name()) {}

  void run() {
    auto broker = std::make_unique<Broker>(options_.broker);
    for (;;) {
      try {
        serve(*broker);
        return farewell();
      } catch (const BrokerError& error) {
        if (error.kind() != ErrorKind::unavailable) throw;
        fmt::print("{}; connecting again\n", error.what());
      }
      broker.reset();
      broker = reconnect();
      if (!broker) return farewell();
    }
  }

 private:
  /// Until there is nothing more to do.
  void serve(Broker& broker) {
    broker.consume(options_.queue, options_.prefetch);
    idle_since_ = Clock::now();
    fmt::print("waiting for messages in queue '{}'\n", options_.queue);
    while (!stop_) {
      if (const auto message = broker.next())
        process(broker, *message);
      else if (Clock::now() >= idle_until())
        return finish(broker);
      else
        broker.wait(std::min(Clock::now() + kStopLatency, idle_until()));
    }
  }

  /// A message that comes at the last moment is done, not sent back.
  void finish(Broker& broker) {
    broker.cancel();
    while (broker.wait(Clock::now())) {
    }
    while (!stop_) {
      const auto message = broker.next();
      if (!message) return;
      process(broker, *message);
    }
  }

  void process(Broker& broker, const Delivery& message) {
    fmt::print("{}{}\n", message.id, message.redelivered ? " (redelivered)" : "");
    if (message.id == options_.fail_on) crash(message.id);
    const auto end = Clock::now() + options_.work.value_or(message.work);
    while (broker.wait(end)) {
    }
    report_.add(message.id);
    if (stop_) broker.cancel();
    broker.ack(message.tag);
    ++processed_;
    idle_since_ = Clock::now();
  }

  [[noreturn]] static void crash(const std::string& id) {
    fmt::print(stderr, "jobscaler-demo work: crashing on message {}, as told by --fail-on\n", id);
    std::_Exit(1);
  }

  std::unique_ptr<Broker> reconnect() const {
    const auto deadline = Clock::now() + options_.patience;
    while (!stop_) {
      std::this_thread::sleep_for(kRetryInterval);
      try {
        return std::make_unique<Broker>(options_.broker);
      } catch (const BrokerError& error) {
        if (error.kind() != ErrorKind::unavailable || Clock::now() > deadline) throw;
      }
    }
    return nullptr;
  }

  Clock::time_point idle_until() const {
    return options_.idle ? idle_since_ + *options_.idle : Clock::time_point::max();
  }

  void farewell() const {
    if (stop_)
      fmt::print("told to stop; messages processed: {}\n", processed_);
    else
      fmt::print("no message for {} s; messages processed: {}\n",
                 static_cast<double>(options_.idle->count()) / 1000, processed_);
  }

  const WorkOptions& options_;
  const volatile std::sig_atomic_t& stop_;
  Report report_;
  Clock::time_point idle_since_;
  int processed_ = 0;
};

}  // namespace

void work(const WorkOptions& options, const volatile std::sig_atomic_t& stop) {
  Worker(options, stop).run();
}

}  // namespace jobscaler::demo
