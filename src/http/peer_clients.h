#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "http/client.h"
#include "http/tls.h"
#include "http/words.h"

namespace web::http::client {
class http_client;
}

namespace jobscaler::http {

/// cpprestsdk's clients of one peer: made when they are first needed, and made again when the TLS
/// files have changed on disk, which is looked at once a minute and after every failure.
/// Thread-safe.
class PeerClients {
 public:
  using Ref = std::shared_ptr<web::http::client::http_client>;

  PeerClients(std::string base_url, TlsFiles tls, Duration timeout);

  const std::string& peer() const { return peer_; }
  Duration timeout() const { return timeout_; }

  /// The host of the URL; empty if that cannot be used.
  std::string host() const;

  /// The one that requests share. Error `rejected`: the URL or a TLS file cannot be used.
  Result<Ref> shared();

  /// One for a stream: cpprestsdk's timeout belongs to the client, and a stream needs its own.
  Result<Ref> separate(Duration timeout);

  /// The pooled connections are dead: the next request opens a new one.
  void forget_connections();

  /// The failure in words. `limit` is what the step that failed had as its timeout.
  Error error_from(const Failure& failure, Duration limit);

  Error unavailable(const std::string& words) const {
    return Error{ErrorKind::unavailable, peer_ + ": " + words};
  }
  Error cancelled() const { return Error{ErrorKind::cancelled, peer_ + ": cancelled"}; }

 private:
  Result<Ref> make(Duration timeout);
  std::optional<Error> refresh_tls();

  const std::string base_url_;
  const std::string peer_;
  const TlsFiles tls_files_;
  const Duration timeout_;
  std::optional<Error> bad_url_;

  std::mutex mutex_;
  Ref shared_;
  std::shared_ptr<TlsContext> tls_;  // absent: plain HTTP, or not loaded yet
  FileStamps tls_stamps_;
  TimePoint tls_check_due_{};
};

}  // namespace jobscaler::http
