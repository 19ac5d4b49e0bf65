#pragma once

#include <string>
#include <utility>
#include <vector>

#include "http/client.h"
#include "kube/credentials.h"

namespace jobscaler::bench {

/// An API server, and where on it the benchmark works. Calls throw std::runtime_error when the
/// server does not do as told, and the constructor when the kubeconfig cannot be used.
class Cluster {
 public:
  enum class Kind { kubesim, real };

  /// `node_group`: the value of the label jobscaler.test/group of the nodes to use.
  Cluster(Kind kind, std::string kubeconfig, std::string node_group);

  Kind kind() const { return kind_; }
  const std::string& kubeconfig() const { return kubeconfig_; }
  const std::string& node_group() const { return node_group_; }
  const std::string& name_space() const { return access_.name_space; }

  http::Client client() const;
  std::vector<std::pair<std::string, std::string>> headers() const;

  /// The body of the answer.
  std::string get(const std::string& path) const;
  void delete_job(const std::string& job) const;
  /// Deletes the instance's Jobs; returns when their pods are gone, too.
  void delete_jobs(const std::string& instance) const;
  /// Deletes the instance's Jobs, and its Lease, which remembers their numbers.
  void forget(const std::string& instance) const;

 private:
  http::Response send(const std::string& method, const std::string& path,
                      const std::string& body = {}) const;
  /// The names of what the instance has in a collection.
  std::vector<std::string> names(const std::string& collection, const std::string& instance) const;

  Kind kind_;
  std::string kubeconfig_;
  std::string node_group_;
  kube::Access access_;
};

/// The query that selects what belongs to an instance.
std::string instance_query(const std::string& instance);

}  // namespace jobscaler::bench
