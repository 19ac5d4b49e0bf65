#include "demo/queue_worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "demo/amqp_broker.h"

namespace jobscaler::demo {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryInterval{500};

class QueueWorker {
 public:
  QueueWorker(const WorkOnQueue& source, milliseconds patience, Shift& shift)
      : source_(source), patience_(patience), shift_(shift) {}

  void run() {
    auto broker = connect();
    while (broker) {
      try {
        return serve(*broker);
      } catch (const BrokerError& error) {
        if (error.kind() != ErrorKind::unavailable) throw;
        fmt::print("{}; connecting again\n", error.what());
      }
      broker.reset();
      broker = reconnect();
    }
  }

 private:
  std::unique_ptr<AmqpBroker> connect() const {
    auto broker = std::make_unique<AmqpBroker>(source_.broker);
    broker->consume(source_.queue, source_.prefetch);
    return broker;
  }

  /// Until there is nothing more to do.
  void serve(AmqpBroker& broker) {
    shift_.rest();
    fmt::print("waiting for messages in queue '{}'\n", source_.queue);
    while (!shift_.told_to_stop()) {
      if (const auto message = broker.next())
        process(broker, *message);
      else if (shift_.idle())
        return finish(broker);
      else  // rabbitmq-c waits on when a signal arrives
        broker.wait(std::min(Clock::now() + kStopLatency, shift_.idle_until()));
    }
  }

  /// A message that comes at the last moment is done, not sent back.
  void finish(AmqpBroker& broker) {
    broker.cancel();
    while (broker.wait(Clock::now())) {
    }
    while (!shift_.told_to_stop()) {
      const auto message = broker.next();
      if (!message) return;
      process(broker, *message);
    }
  }

  void process(AmqpBroker& broker, const Delivery& message) {
    const auto end =
        shift_.begin(message.id, message.work, message.redelivered ? " (redelivered)" : "");
    while (broker.wait(end)) {
    }
    shift_.report(message.id);
    if (shift_.told_to_stop()) broker.cancel();
    broker.ack(message.tag);
    shift_.end();
  }

  /// Nothing if it was told to stop. A broker that is starting refuses what it will take a moment
  /// later: its virtual host or the queue's home node is "down". So it is asked again, whatever it
  /// says.
  std::unique_ptr<AmqpBroker> reconnect() const {
    const auto deadline = Clock::now() + patience_;
    while (!shift_.told_to_stop()) {
      std::this_thread::sleep_for(kRetryInterval);
      try {
        return connect();
      } catch (const BrokerError&) {
        if (Clock::now() > deadline) throw;
      }
    }
    return nullptr;
  }

  const WorkOnQueue& source_;
  const milliseconds patience_;
  Shift& shift_;
};

}  // namespace

void work_on_queue(const WorkOnQueue& source, milliseconds patience, Shift& shift) {
  QueueWorker(source, patience, shift).run();
}

}  // namespace jobscaler::demo
