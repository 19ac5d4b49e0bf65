#include <fmt/format.h>

#include "bench/daemon_config.h"
#include "bench/observer.h"
#include "bench/queues.h"
#include "bench/rows.h"
#include "bench/samples.h"

namespace jobscaler::bench {
namespace {

constexpr const char* kDaemon = "bench-daemon";  // instance, scaler and queue of the one
constexpr const char* kFloor = "bench-floor";    // and of the other
constexpr int kMessagesAbove = 10;
constexpr int kBacklog = 1000;  // far more than workers can be unready at once
constexpr int kUnlimited = 100'000;
constexpr double kRatioTarget = 1.5;
constexpr double kMemoryTargetMib = 20;
constexpr double kThreadsTarget = 8;

void memory_rows(Table& table, const Process& daemon, const std::string& when) {
  table.row("daemon: resident memory, " + when, daemon.resident_kib() / 1024.0, kMemoryTargetMib,
            "MiB");
  table.row("daemon: threads, " + when, daemon.threads(), kThreadsTarget, "");
}

/// The daemon's is empty, the floor's is not.
Queues prepared_queues(int amqp_port) {
  Queues queues(amqp_port);
  for (const char* queue : {kDaemon, kFloor}) {
    queues.declare(queue);
    queues.purge(queue);
  }
  queues.publish(kFloor, kBacklog);
  return queues;
}

struct Comparison {
  Samples daemon;
  Samples floor;
};

/// The daemon and the floor take turns, so that what else the machine does hits both alike. The
/// daemon is switched by its backlog: with messages it creates, without it holds. Each turn's Jobs
/// are deleted after it: kubesim gets slower with their number, and what both wait for would hide
/// what tells them apart.
class Race {
 public:
  Race(const Bench& bench, const Cluster& cluster)
      : bench_(bench),
        cluster_(cluster),
        queues_(prepared_queues(bench.amqp_port)),
        daemon_jobs_(cluster, kDaemon),
        floor_jobs_(cluster, kFloor),
        manifest_(bench.scratch.write("floor.json", floor_manifest(config_of(kFloor), cluster))),
        daemon_({bench.daemon, "run", "--config",
                 bench.scratch.write("race.yaml", daemon_config(config_of(kDaemon), cluster))},
                bench.scratch.file("race.log")) {
    daemon_.wait_for_output("below_threshold");
  }

  void daemon_turn(int transitions) {
    int before = daemon_jobs_.highest(kDaemon);
    std::size_t said = daemon_.output_size();
    queues_.publish(kDaemon, kBacklog);
    Turn turn{.first = before + 1, .last = before + 1 + transitions};
    daemon_jobs_.job_added(job_name(kDaemon, turn.last));
    queues_.purge(kDaemon);
    daemon_.wait_for_output("below_threshold", said);
    daemon_turns_.push_back(turn);
    cluster_.delete_jobs(kDaemon);
  }

  void floor_turn(int transitions) {
    int before = floor_jobs_.highest(kFloor);
    Process floor({bench_.floor, cluster_.kubeconfig(), std::to_string(bench_.amqp_port), kFloor,
                   manifest_, kFloor, std::to_string(before + 1), std::to_string(transitions + 1)},
                  bench_.scratch.file("floor.log"));
    floor.wait_for_success();
    Turn turn{.first = before + 1, .last = before + 1 + transitions};
    floor_jobs_.job_added(job_name(kFloor, turn.last));
    floor_turns_.push_back(turn);
    cluster_.delete_jobs(kFloor);
  }

  const Process& daemon() const { return daemon_; }

  /// By an observer's clock.
  Comparison observed() {
    return {daemon_jobs_.transitions(kDaemon, daemon_turns_),
            floor_jobs_.transitions(kFloor, floor_turns_)};
  }
  /// By the server's clock. REQUIRES: kubesim.
  Comparison served() const {
    return {kubesim_transitions(cluster_, kDaemon, daemon_turns_),
            kubesim_transitions(cluster_, kFloor, floor_turns_)};
  }

 private:
  DaemonConfig config_of(const char* contestant) const {
    return {.instance = contestant,
            .scaler = contestant,
            .amqp_port = bench_.amqp_port,
            .messages_above = kMessagesAbove,
            .max_workers = kUnlimited};
  }

  const Bench& bench_;
  const Cluster& cluster_;
  Queues queues_;
  Observer daemon_jobs_;
  Observer floor_jobs_;
  std::string manifest_;
  Process daemon_;
  std::vector<Turn> daemon_turns_;
  std::vector<Turn> floor_turns_;
};

void latency_rows(Table& table, const std::string& what, const Comparison& measured) {
  auto both = [&](const std::string& who, const Samples& samples) {
    std::string counted = fmt::format("{}, {} ({}): ", what, who, samples.size());
    table.row(counted + "p50", milliseconds(samples.percentile(50)), std::nullopt, "ms");
    table.row(counted + "p99", milliseconds(samples.percentile(99)), std::nullopt, "ms");
  };
  both("daemon", measured.daemon);
  both("floor", measured.floor);
  double ratio =
      milliseconds(measured.daemon.percentile(50)) / milliseconds(measured.floor.percentile(50));
  table.row(what + ", daemon / floor: p50", ratio, kRatioTarget, "x");
}

}  // namespace

void ready_to_post(Table& table, const Bench& bench, const Cluster& cluster, int turns,
                   int transitions) {
  cluster.forget(kDaemon);
  cluster.forget(kFloor);
  Race race(bench, cluster);
  memory_rows(table, race.daemon(), "fresh");
  for (int turn = 0; turn < turns; ++turn) {
    race.daemon_turn(transitions);
    race.floor_turn(transitions);
  }
  Comparison observed = race.observed();
  if (cluster.kind() == Cluster::Kind::kubesim) {
    latency_rows(table, "kubesim: pod ready -> POST arrives", race.served());
    latency_rows(table, "kubesim: pod ready -> next Job seen", observed);
  } else {
    latency_rows(table, "real API server: pod ready -> next Job seen", observed);
  }
  memory_rows(table, race.daemon(), fmt::format("after {} workers", observed.daemon.size()));
  cluster.forget(kDaemon);
  cluster.forget(kFloor);
}

}  // namespace jobscaler::bench
