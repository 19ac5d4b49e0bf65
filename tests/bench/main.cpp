// Measures what issue and design promise in numbers. scripts/bench.sh starts what this needs.

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <string>

#include "bench/rows.h"
#include "http/client.h"

namespace {

using namespace jobscaler::bench;

constexpr int kOver = 1;
constexpr int kFailed = 2;

// At least 1,000 transitions on kubesim and 100 on a real API server, 20 trials and polls.
constexpr int kTurns = 10;
constexpr int kTransitions = 100;
constexpr int kRealTurns = 5;
constexpr int kRealTransitions = 25;
constexpr int kTrials = 25;

int run(char** arguments, bool real) {
  Bench bench{.daemon = arguments[1],
              .floor = arguments[2],
              .amqp_port = std::atoi(arguments[3]),
              .scratch = {}};
  Table table;
  engine_step(table);
  poll_queues(table, bench);
  Cluster kubesim(Cluster::Kind::kubesim, arguments[4], "bench");
  threshold_to_post(table, bench, kubesim, kTrials);
  ready_to_post(table, bench, kubesim, kTurns, kTransitions);
  if (real) {
    Cluster cluster(Cluster::Kind::real, arguments[5], arguments[6]);
    ready_to_post(table, bench, cluster, kRealTurns, kRealTransitions);
  }
  return table.all_within_target() ? 0 : kOver;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5 && argc != 7) {
    fmt::print(
        stderr,
        "usage: {} JOBSCALER FLOOR AMQP_PORT KUBESIM_KUBECONFIG [KUBECONFIG NODE_GROUP]\n"
        "exit status: 0 all within target; 1 something is over; 2 it could not be measured\n",
        argv[0]);
    return kFailed;
  }
  try {
    jobscaler::http::initialize_thread_pool(2);
    return run(argv, argc == 7);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", argv[0], error.what());
    return kFailed;
  }
}
