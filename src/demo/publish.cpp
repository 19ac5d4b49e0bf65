#include "demo/publish.h"

#include <fmt/format.h>

#include <random>

#include "demo/destination.h"

namespace jobscaler::demo {
namespace {

constexpr std::size_t kMostUnconfirmed = 500;
constexpr std::chrono::seconds kConfirmTimeout{30};

std::string random_name() {
  std::random_device random;
  return fmt::format("{:08x}", random());
}

void wait_for_confirms(Destination& destination, std::size_t most_unconfirmed) {
  const auto deadline = Clock::now() + kConfirmTimeout;
  while (destination.unconfirmed() > most_unconfirmed) {
    if (!destination.wait(deadline))
      throw BrokerError(ErrorKind::unavailable,
                        fmt::format("the broker has not confirmed {} messages for {} s; is it out "
                                    "of memory or disk?",
                                    destination.unconfirmed(), kConfirmTimeout.count()));
  }
}

void pace(Destination& destination, Clock::time_point start, int sent, int rate) {
  if (rate == 0) return;
  const auto due = start + std::chrono::nanoseconds(std::chrono::seconds(1)) * sent / rate;
  while (destination.wait(due)) {
  }
}

}  // namespace

void publish(const PublishOptions& options) {
  const auto destination =
      std::visit([](const auto& wanted) { return open_destination(wanted); }, options.destination);

  const std::string batch = random_name();
  const std::string body(static_cast<std::size_t>(options.size), 'x');
  const auto work = options.work.value_or(std::chrono::milliseconds(0));
  const auto start = Clock::now();
  for (int sent = 0; sent < options.count; ++sent) {
    pace(*destination, start, sent, options.rate);
    destination->send({fmt::format("{}-{}", batch, sent + 1), body, work, std::nullopt});
    wait_for_confirms(*destination, kMostUnconfirmed);
  }
  wait_for_confirms(*destination, 0);

  if (options.count == 0) return fmt::print("{} is there\n", destination->describe());
  const std::chrono::duration<double> took = Clock::now() - start;
  fmt::print("published {0} message{1} to {2} in {3:.2f} s, ids {4}-1 to {4}-{0}\n", options.count,
             options.count == 1 ? "" : "s", destination->describe(), took.count(), batch);
}

}  // namespace jobscaler::demo
