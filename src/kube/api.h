#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "config/config.h"
#include "http/client.h"
#include "kube/credentials.h"
#include "kube/times.h"

namespace jobscaler::kube {

/// Requests to the API server with the credentials of the moment: after a 401 they are read again,
/// and if they have changed the request is repeated once. Thread-safe.
///
/// Any answer of the server is an answer; errors are http::Client's, and missing credentials.
class Api {
 public:
  explicit Api(const KubernetesConfig& config, PodAccount pod = {});
  ~Api();  // close()
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  /// The namespace to work in. Error: there are no credentials (yet).
  Result<std::string> name_space();

  /// Where requests go, for people; the problem if there are no credentials.
  std::string describe();

  /// Blocks. Never call it on the pool.
  Result<http::Response> send(http::Request request);

  /// `done` is called exactly once, on the pool, or on the calling thread if there are no
  /// credentials or after stop(); it must not block.
  void send_async(http::Request request, std::function<void(Result<http::Response>)> done);

  /// http::Client::stream().
  Result<http::Response> stream(http::Request request, Duration idle_timeout,
                                std::function<bool(const std::string&)> on_line,
                                std::function<void()> on_open);

  /// Cancels the streams under way.
  void end_streams();

  /// Cancels everything under way and everything to come.
  void stop();

  /// stop(), then waits until every callback has returned. REQUIRES: no thread is in send() or
  /// stream(); not called from a callback.
  void close();

  const ServerClock& clock() const { return clock_; }

 private:
  struct Route {
    std::shared_ptr<http::Client> client;
    std::string token;
  };
  /// A client, and the files its TlsFiles point to.
  struct Connection {
    Access access;
    std::shared_ptr<http::Client> client;
  };

  using Done = std::function<void(Result<http::Response>)>;

  Result<Route> route();
  std::vector<Connection> replace_connection(const Access& access);
  std::optional<Route> other_route(const Route& refused);
  void answered(const Route& used, TimePoint sent, http::Request request, const Done& done,
                Result<http::Response> answer);
  void observe(const Result<http::Response>& answer, TimePoint sent, TimePoint received);

  const Duration timeout_;
  Credentials credentials_;
  ServerClock clock_;
  // Held shared while a route is being used, so that none is used after stop().
  std::shared_mutex gate_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::vector<Connection> connections_;  // the last is in use, others may have requests under way
};

}  // namespace jobscaler::kube
