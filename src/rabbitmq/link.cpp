#include "rabbitmq/link.h"

#include <fmt/format.h>

#include <utility>

namespace jobscaler::rabbitmq {
namespace {

// Heartbeats keep the connection alive through NAT and let the broker notice a daemon that
// vanished. rabbitmq-c sends them only while it is called, well within every half of the interval.
constexpr int kHeartbeatSeconds = 60;
constexpr Duration kPumpInterval = std::chrono::seconds(10);

}  // namespace

Link::Link(const RabbitmqConnection& settings, Interrupt& interrupt,
           std::function<void(Level, std::string)> tell)
    : settings_(settings),
      interrupt_(interrupt),
      tell_(std::move(tell)),
      backoff_(std::random_device{}()) {}

void Link::tend() {
  if (amqp_) {
    next_pump_ = BootClock::now() + kPumpInterval;
    if (auto pumped = amqp_->pump(); !pumped) lose(pumped.error(), proven_);
  }
  if (!amqp_ && BootClock::now() >= next_attempt_) connect();
}

void Link::read(const std::vector<std::string>& queues,
                const std::function<void(std::size_t, Result<Depth>)>& on_answer) {
  std::size_t done = 0;
  while (amqp_ && done < queues.size()) {
    const auto started = BootClock::now();
    const std::vector<std::string> rest(queues.begin() + static_cast<std::ptrdiff_t>(done),
                                        queues.end());
    const std::size_t offset = done;
    const auto result = read_depths(*amqp_, rest, [&](std::size_t i, Result<Depth> depth) {
      done = offset + i + 1;
      on_answer(offset + i, std::move(depth));
    });
    if (!result) {
      // Not after waiting for an answer in vain: a new connection to a frozen broker costs as much.
      const bool prompt = BootClock::now() - started < settings_.timeout / 2;
      lose(result.error(), proven_ && prompt);
      if (BootClock::now() >= next_attempt_) connect();
    } else if (!proven_) {
      proven_ = true;
      backoff_.reset();
    }
  }
  for (; done < queues.size(); ++done) on_answer(done, last_error_);
}

TimePoint Link::next_attention() const {
  return amqp_ ? next_pump_ : next_attempt_;
}

void Link::close() {
  if (amqp_) amqp_->close();
  amqp_.reset();
}

void Link::connect() {
  OpenOptions options;
  options.client_name = "jobscaler " + settings_.name;
  options.heartbeat_seconds = kHeartbeatSeconds;
  options.interrupt = &interrupt_;
  auto opened = AmqpConnection::open(settings_, options);
  const auto now = BootClock::now();
  if (!opened) {
    next_attempt_ = now + backoff_.next();
    tell_failure(opened.error());
    return;
  }
  amqp_ = std::move(*opened);
  proven_ = false;
  next_pump_ = now + kPumpInterval;
  const auto again = outage_.recovered(now);
  tell_(Level::info, again ? fmt::format("connected to {} again {}", amqp_->peer(), *again)
                           : fmt::format("connected to {}", amqp_->peer()));
}

void Link::lose(const Error& error, bool retry_at_once) {
  amqp_.reset();
  ++losses_;
  const auto now = BootClock::now();
  next_attempt_ = retry_at_once ? now : now + backoff_.next();
  tell_failure(error);
}

void Link::tell_failure(const Error& error) {
  last_error_ = error;
  if (error.kind == ErrorKind::cancelled) return;
  const auto news = outage_.failed(error.message, BootClock::now());
  if (news) tell_(Level::warn, *news + "; trying again, with pauses of up to 30s");
}

}  // namespace jobscaler::rabbitmq
