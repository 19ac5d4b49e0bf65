#pragma once

#include <string>

namespace jobscaler::kube {

/// As whom this process holds a Lease: a name that no other living process has, whatever host it is
/// on, and that the next process in the same place gets again once this one is dead. A daemon that
/// is killed and started again thereby goes on at once, and need not wait for its own lease to run
/// out.
///
/// The name is the host's and a digest of the place: of this boot of the machine, the network
/// namespace (a pod has its own, which its containers' restarts do not change) and `scope`. That
/// nobody else there goes by it is the kernel's word: whoever has an abstract socket of that name
/// bound is the only one, and is dead when the name can be bound again. Who cannot bind it, as a
/// second daemon on the same host, or cannot tell the place, takes a number at random.
class Identity {
 public:
  /// `scope`: which Lease. Two processes may call the same one by different scopes: then they have
  /// different names.
  explicit Identity(const std::string& scope);
  ~Identity();
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  const std::string& name() const { return name_; }

 private:
  int socket_ = -1;
  std::string name_;
};

}  // namespace jobscaler::kube
