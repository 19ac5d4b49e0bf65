#include "daemon/run.h"

#include <fmt/format.h>
#include <signal.h>

#include <utility>

#include "daemon/loop.h"
#include "daemon/reload.h"
#include "daemon/sources.h"
#include "http/client.h"
#include "kube/cluster.h"

namespace jobscaler::daemon {
namespace {

// A signal handler reaches only what has static storage.
volatile sig_atomic_t stop_signal = 0;
volatile sig_atomic_t look_signal = 0;  // at the configuration
Mailbox* signalled_mailbox = nullptr;

void on_signal(int signal) {
  (signal == SIGHUP ? look_signal : stop_signal) = signal;
  signalled_mailbox->wake();
}

void handle_signals(Mailbox& mailbox) {
  signalled_mailbox = &mailbox;
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESETHAND;  // a second signal ends the process at once
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  action.sa_flags = SA_RESTART;
  sigaction(SIGHUP, &action, nullptr);
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

/// The parts that an edit of the configuration concerns.
struct Parts {
  RunningConfig& running;
  Loop& loop;
  Sources& sources;
  kube::Cluster& cluster;
  telemetry::Log& log;
};

void take_up(ParsedConfig parsed, const Parts& parts) {
  auto edit = parts.running.take(std::move(parsed), telemetry::WallClock::now());
  for (const telemetry::LogLine& line : edit.lines) parts.log.write(line);
  if (!edit.changes) return;
  const Config& config = parts.running.config();
  // In this order: no reading of another queue is taken for the new one's, and what is said last of
  // a template is about the new one.
  parts.sources.reconfigure(config);
  parts.loop.reconfigure({.spec = engine_spec(config),
                          .new_queues = std::move(edit.changes->new_queues),
                          .new_jobs = edit.changes->new_jobs},
                         parts.sources.ports());
  parts.cluster.reconfigure(config.node_groups, config.scalers, edit.changes->new_jobs);
}

}  // namespace

int run(const LoadedConfig& loaded, telemetry::Log& log) {
  http::initialize_thread_pool(2);
  Mailbox mailbox;
  handle_signals(mailbox);

  const Config& config = loaded.config;
  kube::Cluster cluster(config.kubernetes, config.node_groups, config.scalers, mailbox);
  Sources sources(config, mailbox);
  RunningConfig running(loaded.file, config, telemetry::WallClock::now());
  ConfigWatch watch(loaded.file, loaded.text, mailbox);

  say(log, fmt::format("version {} starts: {} scaler{}, instance {}", JOBSCALER_VERSION,
                       config.scalers.size(), config.scalers.size() == 1 ? "" : "s",
                       config.kubernetes.instance));
  cluster.start();
  Loop loop(Engine(engine_spec(config), BootClock::now()),
            {.mailbox = mailbox, .cluster = cluster, .sources = sources.ports(), .log = log});
  while (stop_signal == 0) {
    loop.turn();
    if (look_signal != 0) {
      look_signal = 0;
      watch.look();
    }
    if (auto parsed = watch.take()) {
      take_up(std::move(*parsed), {running, loop, sources, cluster, log});
    }
  }

  say(log, fmt::format("{}: stops; workers are left as they are",
                       stop_signal == SIGTERM ? "SIGTERM" : "SIGINT"));
  cluster.stop();
  sources.stop();
  return 0;
}

}  // namespace jobscaler::daemon
