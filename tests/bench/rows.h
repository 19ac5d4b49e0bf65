#pragma once

#include <string>

#include "bench/cluster.h"
#include "bench/process.h"
#include "bench/table.h"

namespace jobscaler::bench {

/// What the rows are measured with.
struct Bench {
  std::string daemon;  ///< path of jobscaler
  std::string floor;   ///< path of jobscaler_bench_floor
  int amqp_port = 5672;
  Scratch scratch;
};

/// Pod ready -> next Job, next to the floor, in `turns` of `transitions` each; and the daemon's
/// memory and threads before and after.
void ready_to_post(Table& table, const Bench& bench, const Cluster& cluster, int turns,
                   int transitions);

/// Backlog crosses the threshold -> first Job.
void threshold_to_post(Table& table, const Bench& bench, const Cluster& cluster, int trials);

/// One AMQP poll of many queues through rabbitmq::Connection.
void poll_queues(Table& table, const Bench& bench);

/// One poll of many Kafka groups through kafka::Connection, nothing having moved and everything
/// having moved since the last, and what the daemon takes that does it.
void poll_groups(Table& table, const Bench& bench, const Cluster& kubesim,
                 const std::string& broker);

/// What a decision costs with many scalers and workers; no I/O.
void engine_step(Table& table);

}  // namespace jobscaler::bench
