// Measures what issue and design promise in numbers. scripts/bench.sh starts what this needs.

#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <stdexcept>
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

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(fmt::format("{} is not set", name));
  return value;
}

int run(int argc, char** argv) {
  Bench bench{.daemon = argv[1],
              .floor = argv[2],
              .amqp_port = std::stoi(environment("AMQP_PORT")),
              .scratch = {}};
  Cluster kubesim(Cluster::Kind::kubesim, environment("KUBECONFIG"), "bench");
  Table table;
  engine_step(table);
  poll_queues(table, bench);
  if (const char* broker = std::getenv("KAFKA_BROKER")) {
    poll_groups(table, bench, kubesim, broker);
  } else {
    table.skipped("Kafka polls", "there is no Kafka");
  }
  threshold_to_post(table, bench, kubesim, kTrials);
  ready_to_post(table, bench, kubesim, kTurns, kTransitions);
  if (argc == 5) {
    Cluster cluster(Cluster::Kind::real, argv[3], argv[4]);
    ready_to_post(table, bench, cluster, kRealTurns, kRealTransitions);
  }
  return table.all_within_target() ? 0 : kOver;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    fmt::print(
        stderr,
        "usage: {} JOBSCALER FLOOR [KUBECONFIG NODE_GROUP]\n"
        "  with AMQP_PORT of a RabbitMQ, KUBECONFIG of a kubesim and, if there is one, "
        "KAFKA_BROKER\n"
        "  of a Kafka in the environment\n"
        "exit status: 0 all within target; 1 something is over; 2 it could not be measured\n",
        argv[0]);
    return kFailed;
  }
  try {
    jobscaler::http::initialize_thread_pool(2);
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", argv[0], error.what());
    return kFailed;
  }
}
