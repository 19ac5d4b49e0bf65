#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "target.h"

namespace kube_suite {

/// A kubesim of one's own, as a process: to be given faults, killed and started again. Its faults
/// are described in tests/kubesim/README.md.
class Kubesim {
 public:
  explicit Kubesim(std::vector<std::string> options = {"--group", "pool:1:1:20:0"});
  ~Kubesim();  // kills it
  Kubesim(const Kubesim&) = delete;
  Kubesim& operator=(const Kubesim&) = delete;

  /// SIGKILL. Everything it knew is lost.
  void kill();
  /// On the same port as before, empty.
  void start();

  std::string kubeconfig() const { return directory_ + "/kubeconfig"; }
  const std::string& name_space() const { return name_space_; }  ///< default
  const Target& target() const { return *target_; }

  /// Adds a fault, a JSON object.
  void fault(const std::string& rule);
  void clear_faults();
  /// How often the rules have struck so far, all together.
  int struck() const;
  void compact();

  /// A number in /kubesim/stats, such as "posts/total".
  int stat(const std::string& path) const;
  /// Names of the Jobs there are.
  std::vector<std::string> jobs() const;
  void set_quota(const std::string& hard) const;

 private:
  void launch();

  std::vector<std::string> options_;
  std::string directory_;
  std::string port_ = "0";
  std::string name_space_ = "default";
  pid_t pid_ = -1;
  std::unique_ptr<Target> target_;
};

}  // namespace kube_suite
