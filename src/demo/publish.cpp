#include "demo/publish.h"

#include <fmt/format.h>

#include <random>

#include "demo/broker.h"

namespace jobscaler::demo {
namespace {

constexpr std::size_t kMostUnconfirmed = 500;
constexpr std::chrono::seconds kConfirmTimeout{30};

std::string random_name() {
  std::random_device random;
  return fmt::format("{:08x}", random());
}

void wait_for_confirms(Broker& broker, std::size_t most_unconfirmed) {
  const auto deadline = Clock::now() + kConfirmTimeout;
  while (broker.unconfirmed() > most_unconfirmed) {
    if (!broker.wait(deadline))
      throw BrokerError(ErrorKind::unavailable,
                        fmt::format("the broker has not confirmed {} messages for {} s; is it out "
                                    "of memory or disk?",
                                    broker.unconfirmed(), kConfirmTimeout.count()));
  }
}

void pace(Broker& broker, Clock::time_point start, int sent, int rate) {
  if (rate == 0) return;
  const auto due = start + std::chrono::nanoseconds(std::chrono::seconds(1)) * sent / rate;
  while (broker.wait(due)) {
  }
}

}  // namespace

void publish(const PublishOptions& options) {
  using Type = Broker::QueueType;
  Broker broker(options.broker);
  broker.declare(options.queue, options.quorum ? Type::quorum : Type::classic);
  broker.confirm_publishes();

  const std::string batch = random_name();
  const std::string body(static_cast<std::size_t>(options.size), 'x');
  const auto work = options.work.value_or(std::chrono::milliseconds(0));
  const auto start = Clock::now();
  for (int sent = 0; sent < options.count; ++sent) {
    pace(broker, start, sent, options.rate);
    broker.publish(options.queue, {fmt::format("{}-{}", batch, sent + 1), body, work});
    wait_for_confirms(broker, kMostUnconfirmed);
  }
  wait_for_confirms(broker, 0);

  if (options.count == 0) return fmt::print("queue '{}' is there\n", options.queue);
  const std::chrono::duration<double> took = Clock::now() - start;
  fmt::print("published {0} message{1} to queue '{2}' in {3:.2f} s, ids {4}-1 to {4}-{0}\n",
             options.count, options.count == 1 ? "" : "s", options.queue, took.count(), batch);
}

}  // namespace jobscaler::demo
