#include <fmt/format.h>

#include "bench/queues.h"
#include "bench/readings.h"
#include "bench/rows.h"
#include "bench/samples.h"
#include "rabbitmq/connection.h"

namespace jobscaler::bench {
namespace {

constexpr int kQueues = 1000;
constexpr int kPolls = 30;
constexpr double kTargetMs = 100;

}  // namespace

void poll_queues(Table& table, const Bench& bench) {
  Queues broker(bench.amqp_port);
  std::vector<rabbitmq::Queue> queues;
  std::vector<std::string> scalers;
  for (int i = 0; i < kQueues; ++i) {
    const std::string& name = scalers.emplace_back(fmt::format("bench-poll-{}", i));
    broker.declare(name);
    queues.push_back({.scaler = name, .queue = name});
  }
  Samples samples;
  {
    Readings readings;
    rabbitmq::Connection connection(Queues::settings(bench.amqp_port), queues, readings);
    readings.poll_until_good(connection, scalers);
    for (int i = 0; i < kPolls; ++i) samples.add(readings.poll(connection, scalers));
    readings.need_good();
  }
  for (const rabbitmq::Queue& queue : queues) broker.remove(queue.queue);
  std::string what = fmt::format("one AMQP poll of {} queues ({} polls): ", kQueues, kPolls);
  table.row(what + "p50", milliseconds(samples.percentile(50)), kTargetMs, "ms");
  table.row(what + "max", milliseconds(samples.max()), kTargetMs, "ms");
}

}  // namespace jobscaler::bench
