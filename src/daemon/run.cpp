#include "daemon/run.h"

#include <fmt/format.h>
#include <signal.h>

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "daemon/loop.h"
#include "daemon/queues.h"
#include "http/client.h"
#include "kafka/connection.h"
#include "kube/cluster.h"
#include "rabbitmq/connection.h"

namespace jobscaler::daemon {
namespace {

// A signal handler reaches only what has static storage.
volatile sig_atomic_t stop_signal = 0;
Mailbox* signalled_mailbox = nullptr;

void on_signal(int signal) {
  stop_signal = signal;
  signalled_mailbox->wake();
}

void handle_signals(Mailbox& mailbox) {
  signalled_mailbox = &mailbox;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESETHAND;  // a second signal ends the process at once
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  // A log whose reader has gone away must not end the daemon.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

void say(telemetry::Log& log, std::string text) {
  log.write({.level = Level::info,
             .subject = "jobscaler",
             .reason = {},
             .text = std::move(text),
             .fields = {}});
}

/// The connections to brokers that scalers use; the configuration's check has warned of others.
struct Connections {
  std::vector<std::unique_ptr<rabbitmq::Connection>> rabbitmq;
  std::vector<std::unique_ptr<kafka::Connection>> kafka;
  std::map<std::string, SourcePort*> sources;  // by scaler
};

Connections connect(const Config& config, Outbox& outbox) {
  Connections all;
  for (const RabbitmqConnection& settings : config.rabbitmq) {
    const auto queues = queues_on(settings.name, config);
    if (queues.empty()) continue;
    all.rabbitmq.push_back(std::make_unique<rabbitmq::Connection>(settings, queues, outbox));
    for (const auto& queue : queues) all.sources[queue.scaler] = all.rabbitmq.back().get();
  }
  for (const KafkaConnection& settings : config.kafka) {
    const auto groups = groups_on(settings.name, config);
    if (groups.empty()) continue;
    all.kafka.push_back(std::make_unique<kafka::Connection>(settings, groups, outbox));
    for (const auto& group : groups) all.sources[group.scaler] = all.kafka.back().get();
  }
  return all;
}

/// All at once, as each may have to wait for a broker that is frozen.
void stop(const Connections& all) {
  std::vector<std::jthread> stops;
  for (const auto& connection : all.rabbitmq) stops.emplace_back([&] { connection->stop(); });
  for (const auto& connection : all.kafka) stops.emplace_back([&] { connection->stop(); });
}

}  // namespace

int run(const Config& config, telemetry::Log& log) {
  http::initialize_thread_pool(2);
  Mailbox mailbox;
  handle_signals(mailbox);

  kube::Cluster cluster(config.kubernetes, config.node_groups, config.scalers, mailbox);
  const Connections connections = connect(config, mailbox);

  say(log, fmt::format("version {} starts: {} scaler{}, instance {}", JOBSCALER_VERSION,
                       config.scalers.size(), config.scalers.size() == 1 ? "" : "s",
                       config.kubernetes.instance));
  cluster.start();
  Loop loop(Engine(engine_spec(config), BootClock::now()),
            {.mailbox = mailbox, .cluster = cluster, .sources = connections.sources, .log = log});
  while (stop_signal == 0) loop.turn();

  say(log, fmt::format("{}: stops; workers are left as they are",
                       stop_signal == SIGTERM ? "SIGTERM" : "SIGINT"));
  cluster.stop();
  stop(connections);
  return 0;
}

}  // namespace jobscaler::daemon
