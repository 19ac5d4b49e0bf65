#pragma once

#include <openssl/ssl.h>

#include <ctime>
#include <memory>
#include <mutex>
#include <string>

#include "http/client.h"

namespace jobscaler::http {

/// What is known about the TLS files' state on disk; differs when one of them was replaced.
using FileStamps = std::string;
FileStamps stamps_of(const TlsFiles& files);

/// The CAs and the client certificate of one Client, loaded once and put into the context of each
/// of its connections, instead of being parsed again for each. Thread-safe.
///
/// A CA file replaces the system's CAs; it does not add to them.
class TlsContext {
 public:
  /// Error `rejected`: a file is missing, unreadable or not what it should be; names it.
  static Result<std::shared_ptr<TlsContext>> load(const TlsFiles& files);

  /// Configures a connection's context. `this` must outlive the handshakes made with it.
  void apply(SSL_CTX* context);

  /// Why the last server certificate that was refused was refused, in OpenSSL's words; empty: none
  /// was.
  std::string last_refusal() const;

  /// "CA /etc/ca.crt" or "the system's CAs"
  std::string trusted() const;

 private:
  struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };

  TlsContext(TlsFiles files, SSL_CTX* loaded) : files_(std::move(files)), loaded_(loaded) {}
  static int verify(X509_STORE_CTX* chain, void* self);

  TlsFiles files_;
  std::unique_ptr<SSL_CTX, FreeContext> loaded_;  // carries the store, the certificate and the key
  mutable std::mutex mutex_;
  std::string last_refusal_;
};

}  // namespace jobscaler::http
