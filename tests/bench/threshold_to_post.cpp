#include <fmt/format.h>

#include <random>
#include <thread>

#include "bench/daemon_config.h"
#include "bench/observer.h"
#include "bench/queues.h"
#include "bench/rows.h"
#include "bench/samples.h"

namespace jobscaler::bench {
namespace {

constexpr const char* kName = "bench-threshold";  // of instance, scaler and queue
constexpr int kMessagesAbove = 100;
constexpr int kSeed = 1;
constexpr double kTargetMs = kPollMs + 50;

}  // namespace

void threshold_to_post(Table& table, const Bench& bench, const Cluster& cluster, int trials) {
  cluster.forget(kName);
  Queues queues(bench.amqp_port);
  queues.declare(kName);
  queues.purge(kName);
  Observer observer(cluster, kName);
  DaemonConfig config{.instance = kName,
                      .scaler = kName,
                      .amqp_port = bench.amqp_port,
                      .messages_above = kMessagesAbove,
                      .max_workers = 1};
  Process daemon({bench.daemon, "run", "--config",
                  bench.scratch.write("threshold.yaml", daemon_config(config, cluster))},
                 bench.scratch.file("threshold.log"));
  std::size_t said = daemon.wait_for_output("below_threshold");

  std::mt19937 random(kSeed);
  std::uniform_int_distribution<int> phase(0, kPollMs);  // of the poll at the crossing
  Samples samples;
  for (int trial = 1; trial <= trials; ++trial) {
    queues.publish(kName, kMessagesAbove);
    std::this_thread::sleep_for(std::chrono::milliseconds(phase(random)));
    TimePoint crossed = BootClock::now();
    queues.publish(kName, 1);
    std::string job = job_name(kName, trial);
    samples.add(observer.job_added(job) - crossed);
    queues.purge(kName);
    said = daemon.wait_for_output("below_threshold", said);
    cluster.delete_job(job);
    observer.wait_until_gone(job);
  }
  std::string what = fmt::format(
      "threshold crossed -> first Job, polls every {} ms ({} trials): ", kPollMs, trials);
  table.row(what + "p50", milliseconds(samples.percentile(50)), std::nullopt, "ms");
  table.row(what + "max", milliseconds(samples.max()), kTargetMs, "ms");
}

}  // namespace jobscaler::bench
