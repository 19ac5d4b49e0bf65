#include "http/peer_clients.h"

#include <cpprest/http_client.h>
#include <fmt/format.h>

#include <algorithm>

namespace jobscaler::http {
namespace {

using web::http::client::http_client;
using web::http::client::http_client_config;

/// How often the TLS files are looked at for a change, while all is well.
constexpr auto kTlsCheckInterval = std::chrono::minutes(1);

std::optional<Error> problem_with(const std::string& url) {
  try {
    const web::uri uri(url);
    if (uri.host().rfind('[', 0) == 0) {  // cpprestsdk looks it up as a name, brackets and all
      return Error{ErrorKind::rejected,
                   peer_of(url) + ": an IPv6 address in a URL is not supported; use a host name"};
    }
    const bool usable = (uri.scheme() == "http" || uri.scheme() == "https") && !uri.host().empty();
    if (usable) return std::nullopt;
  } catch (const web::uri_exception&) {
  }
  return Error{ErrorKind::rejected,
               fmt::format("'{}' is not a URL of the form http://host:port or https://host:port",
                           peer_of(url))};
}

}  // namespace

PeerClients::PeerClients(std::string base_url, TlsFiles tls, Duration timeout)
    : base_url_(std::move(base_url)),
      peer_(peer_of(base_url_)),
      tls_files_(std::move(tls)),
      timeout_(std::max<Duration>(timeout, std::chrono::milliseconds(1))),  // 0 cancels at once
      bad_url_(problem_with(base_url_)) {}

std::string PeerClients::host() const {
  return bad_url_ ? std::string() : web::uri(base_url_).host();
}

Result<PeerClients::Ref> PeerClients::shared() {
  const std::lock_guard lock(mutex_);
  if (const auto error = refresh_tls()) return *error;
  if (shared_) return shared_;
  auto made = make(timeout_);
  if (made.ok()) shared_ = *made;
  return made;
}

Result<PeerClients::Ref> PeerClients::separate(Duration timeout) {
  const std::lock_guard lock(mutex_);
  if (const auto error = refresh_tls()) return *error;
  return make(timeout);
}

Result<PeerClients::Ref> PeerClients::make(Duration timeout) {
  if (bad_url_) return *bad_url_;
  http_client_config config;
  config.set_timeout(std::chrono::duration_cast<std::chrono::microseconds>(timeout));
  config.set_max_redirects(0);  // a redirect must not carry our credentials elsewhere
  config.set_validate_certificates(tls_files_.verify);
  if (tls_) {
    config.set_ssl_context_callback([tls = tls_](boost::asio::ssl::context& connection) {
      tls->apply(connection.native_handle());
    });
  }
  return std::make_shared<http_client>(web::uri(base_url_), config);
}

std::optional<Error> PeerClients::refresh_tls() {
  const auto now = BootClock::now();
  const bool uses_tls = base_url_.rfind("https:", 0) == 0;
  if (!uses_tls || (tls_ && now < tls_check_due_)) return std::nullopt;
  tls_check_due_ = now + kTlsCheckInterval;
  auto stamps = stamps_of(tls_files_);
  if (tls_ && stamps == tls_stamps_) return std::nullopt;
  auto loaded = TlsContext::load(tls_files_);
  // A file that is just being replaced: what was loaded before is better than nothing.
  if (!loaded.ok() && tls_) return std::nullopt;
  if (!loaded.ok()) return Error{loaded.error().kind, peer_ + ": " + loaded.error().message};
  tls_ = *loaded;
  tls_stamps_ = std::move(stamps);
  shared_.reset();
  return std::nullopt;
}

void PeerClients::forget_connections() {
  const std::lock_guard lock(mutex_);
  shared_.reset();
}

Error PeerClients::error_from(const Failure& failure, Duration limit) {
  if (is_cancelled(failure)) return cancelled();
  const std::lock_guard lock(mutex_);
  tls_check_due_ = {};  // perhaps a certificate was replaced
  const auto refusal = tls_ && is_handshake_failure(failure) ? tls_->last_refusal() : "";
  if (refusal.empty()) return unavailable(words_for(failure, limit));
  return unavailable(fmt::format("its TLS certificate is not accepted: {} (checked against {})",
                                 refusal, tls_->trusted()));
}

}  // namespace jobscaler::http
