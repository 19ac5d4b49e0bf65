#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "http/client.h"

namespace web::json {
class value;
}

namespace kube_suite {

using Json = web::json::value;

/// An answer of the API server.
struct Answer {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case

  Json json() const;
  /// The string at the end of a path such as "metadata/name" or "items/0/reason"; empty: none
  /// there.
  std::string text(const std::string& path) const;
};

/// The API server that $KUBECONFIG names, asked past the code under test. Reads the kubeconfig by
/// itself: one cluster, and a user with a token.
class Target {
 public:
  /// Throws std::runtime_error with words when the kubeconfig cannot be used.
  explicit Target(const std::string& kubeconfig);

  Answer get(const std::string& path) const;
  Answer post(const std::string& path, const std::string& body) const;
  Answer put(const std::string& path, const std::string& body) const;
  Answer merge(const std::string& path, const std::string& patch) const;
  Answer remove(const std::string& path, const std::string& options = "") const;

  /// The lines of a watch, to its end. `on_line` returns false to leave early.
  Answer watch(const std::string& path,
               const std::function<bool(const std::string& line)>& on_line) const;

  int minor() const;  ///< 28 of 1.28

  /// A kubeconfig for the same server with another token, as a file that lives as long as this.
  std::string kubeconfig_for(const std::string& token) const;
  Target with_token(const std::string& token) const;

  const std::string& kubeconfig() const;

 private:
  struct Impl;
  Answer send(jobscaler::http::Request request) const;

  std::shared_ptr<Impl> impl_;
};

/// The target of the whole suite. Fails the test in words when $KUBECONFIG is not set.
const Target& target();

/// Whether the server is Kubernetes 1.`minor` or newer. If not, says that the running test case is
/// skipped, and why.
bool needs(int minor, const std::string& for_what);

/// A namespace of its own for one test, with its default ServiceAccount; deleted at the end.
class Namespace {
 public:
  Namespace();
  ~Namespace();
  Namespace(const Namespace&) = delete;
  Namespace& operator=(const Namespace&) = delete;

  const std::string& name() const { return name_; }
  std::string jobs(const std::string& name = "") const;
  std::string pods(const std::string& name = "") const;
  std::string events(const std::string& query = "") const;
  std::string leases(const std::string& name = "") const;

  /// A ResourceQuota, in force when this returns. `hard` is a JSON object.
  void set_quota(const std::string& name, const std::string& hard) const;
  /// Waits until the quota counts so: a member of its status.used, such as "pods":"1".
  void await_quota(const std::string& name, const std::string& used) const;
  void remove_quota(const std::string& name) const;

  /// The token of a new ServiceAccount that may do what the rules (a JSON array) say, in force when
  /// this returns.
  std::string token_with(const std::string& rules) const;

 private:
  std::string name_;
};

/// Asks until the condition holds. Fails the test when that takes longer than anything here should.
void eventually(const std::string& what, const std::function<bool()>& condition);

/// The JSON of a Job as a client writes it. `extra_spec` and `extra_meta` are members, each
/// followed by a comma; `container` replaces the container.
struct JobText {
  std::string name = "job";
  std::string extra_meta;
  std::string extra_spec;
  std::string annotations = "{}";
  std::string container = R"({"name": "main", "image": "x"})";
  std::string group = "pool";

  std::string str() const;
};

/// What `delete` is asked for where nothing else is the point.
inline constexpr auto kBackground = R"({"propagationPolicy": "Background"})";

}  // namespace kube_suite
