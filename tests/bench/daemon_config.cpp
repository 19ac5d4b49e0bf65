#include "bench/daemon_config.h"

#include <fmt/format.h>

#include <stdexcept>

#include "bench/observer.h"
#include "config/config.h"
#include "kube/manifest.h"

namespace jobscaler::bench {
namespace {

// The annotations are read by kubesim and by every other player of pods without machines.
constexpr const char* kConfig = R"(
pollInterval: {poll_ms}ms
kubernetes: {{ kubeconfig: "{kubeconfig}", namespace: "{name_space}", instance: {instance} }}
connections:
  rabbit:
    rabbitmq: {{ host: 127.0.0.1, port: {amqp_port} }}
nodeGroups:
  - name: bench
    nodeSelector: {{ jobscaler.test/group: "{node_group}" }}
scalers:
  - name: {scaler}
    rabbitmq: {{ connection: rabbit, queue: {queue} }}
    scaleUp: {{ messagesAbove: {messages_above} }}
    workers: {{ max: {max_workers}, messagesPerWorker: 1, nodeGroups: [bench] }}
    job:
      template:
        metadata:
          annotations: {{ fake/ready-after: "0", fake/seconds: forever }}
        spec:
          containers: [{{ name: worker, image: busybox, command: [sleep, infinity] }}]
)";

}  // namespace

std::string daemon_config(const DaemonConfig& config, const Cluster& cluster) {
  return fmt::format(
      kConfig, fmt::arg("poll_ms", kPollMs), fmt::arg("kubeconfig", cluster.kubeconfig()),
      fmt::arg("name_space", cluster.name_space()), fmt::arg("instance", config.instance),
      fmt::arg("amqp_port", config.amqp_port), fmt::arg("node_group", cluster.node_group()),
      fmt::arg("scaler", config.scaler), fmt::arg("queue", config.scaler),
      fmt::arg("messages_above", config.messages_above),
      fmt::arg("max_workers", config.max_workers));
}

std::string floor_manifest(const DaemonConfig& config, const Cluster& cluster) {
  ParsedConfig parsed = parse_config(daemon_config(config, cluster));
  if (!parsed.config) throw std::runtime_error(parsed.problems.front().text);
  auto job = kube::JobTemplate::prepare(parsed.config->scalers.front(),
                                        parsed.config->node_groups.front(), config.instance);
  if (!job.ok()) throw std::runtime_error(job.error().message);
  std::string manifest = job->worker(1);
  std::string name = job_name(config.scaler, 1);
  return manifest.replace(manifest.find(name), name.size(), kNamePlaceholder);
}

}  // namespace jobscaler::bench
