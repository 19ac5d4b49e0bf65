#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "http/client.h"
#include "kube/kubeconfig.h"
#include "kube/private_file.h"

namespace jobscaler::kube {

/// How to reach the API server and as whom.
struct Access {
  std::string server;
  http::TlsFiles tls;
  std::string token;  ///< empty: none
  std::string
      name_space;      ///< resolved: the configuration's, the pod's own, the context's, "default"
  std::string origin;  ///< for people: "the pod's service account", "kubeconfig /etc/kube"
  std::vector<std::shared_ptr<PrivateFile>> files;  ///< what `tls` points to, if not to files
};

/// Where the credentials of a pod are; the default is where the kubelet puts them.
struct PodAccount {
  std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
};

/// Reads credentials: the configured kubeconfig, else those that $KUBECONFIG lists, else the
/// account of the pod we are in (unless a context is configured), else ~/.kube/config. Reads them
/// again when they may have changed: token files are rotated. Thread-safe.
class Credentials {
 public:
  explicit Credentials(KubernetesConfig config, PodAccount pod = {});

  /// What was read less than a minute ago, else what is there now; if that cannot be read, what was
  /// read before. Error `rejected` or `not_found`: there are none.
  Result<Access> current(TimePoint now);

  /// The API server has refused them (401): read them again the next time.
  void expire();

 private:
  Result<Access> read();
  Result<Access> read_pod();
  Result<Access> read_kubeconfig();
  Result<Access> use(const KubeconfigContext& context, const std::string& origin);
  Result<std::string> materialize(const FileOrData& what,
                                  std::vector<std::shared_ptr<PrivateFile>>& files);
  std::string name_space_or(const std::string& fallback) const;

  const KubernetesConfig config_;
  const PodAccount pod_;
  std::mutex mutex_;
  std::optional<Access> access_;
  TimePoint read_at_{};
  bool expired_ = true;
  std::optional<KubeconfigContext> context_;  // what `access_` was made of
};

}  // namespace jobscaler::kube
