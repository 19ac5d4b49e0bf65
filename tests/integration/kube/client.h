#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "config/config.h"
#include "kube/cluster.h"
#include "recorder.h"

namespace kube_suite {

/// How the client under test is configured.
struct ClientOptions {
  std::string kubeconfig;  ///< of the API server it talks to
  std::string name_space;
  std::string instance = "suite";
  std::string group = "pool";      ///< the node group's label on the nodes
  std::string annotations = "{}";  ///< of the pods, a JSON object
  std::string extra_spec;          ///< members of the Job's spec, each followed by a comma
  std::string container = R"({"name": "main", "image": "x"})";
  std::string job_spec;  ///< the whole spec, instead of the above
  jobscaler::Duration timeout = std::chrono::seconds(30);
};

/// A kube::Cluster with one scaler, `orders`, in one node group, `default`; and what it has said.
class Client {
 public:
  explicit Client(const ClientOptions& options);

  /// Starts it, and waits for the first list and the election.
  void start();
  /// Waits until it is the one that acts.
  void expect_to_lead();
  void stop() { cluster_->stop(); }

  /// Asks for worker `number` and waits for the answer. One at a time.
  jobscaler::CreateOutcome create(std::int64_t number);
  /// The same, without waiting.
  void ask_for(std::int64_t number, jobscaler::TimePoint decided_at = jobscaler::BootClock::now());
  jobscaler::CreateOutcome answer_for(std::int64_t number, std::size_t from = 0);

  void remove(const jobscaler::WorkerFacts& worker);
  void remove(const std::string& name, const std::string& uid);
  void record(std::int64_t mark);

  /// The next news of worker `number` that the condition accepts; from the beginning.
  jobscaler::WorkerFacts expect(std::int64_t number, const std::string& what,
                                const std::function<bool(const jobscaler::WorkerFacts&)>& accepts);
  void expect_gone(const jobscaler::WorkerFacts& worker);

  /// The refusal of the template, asked for at start. Empty: accepted.
  std::string template_refusal();

  std::vector<jobscaler::CheckLine> check() const;

  Recorder& recorder() { return recorder_; }
  jobscaler::kube::Cluster& cluster() { return *cluster_; }

 private:
  jobscaler::KubernetesConfig kubernetes_;
  std::vector<jobscaler::NodeGroupConfig> groups_;
  std::vector<jobscaler::ScalerConfig> scalers_;
  Recorder recorder_;
  std::unique_ptr<jobscaler::kube::Cluster> cluster_;
};

std::string worker_name(std::int64_t number);  ///< orders-1

bool contains(const std::string& text, const std::string& part);

}  // namespace kube_suite
