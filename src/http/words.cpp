#include "http/words.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace jobscaler::http {
namespace {

bool mentions(const Failure& failure, std::string_view part) {
  return failure.what.find(part) != std::string::npos;
}

bool is_in_body(const Failure& failure) {
  return mentions(failure, "chunk") || mentions(failure, "response body");
}

std::string words_for_timeout(const Failure& failure, const std::string& limit) {
  if (mentions(failure, "SSL handshake")) {
    return fmt::format("no TLS handshake within {} (does it speak TLS on this port?)", limit);
  }
  if (mentions(failure, "address")) {
    return fmt::format("its host name was not resolved within {}", limit);
  }
  if (mentions(failure, "connect")) return fmt::format("no connection within {}", limit);
  if (is_in_body(failure)) {
    return fmt::format("its answer stopped coming for {}", limit);
  }
  return fmt::format("no answer within {}", limit);
}

/// OpenSSL's codes carry the library in their upper bits; errno and asio codes are small.
const char* openssl_reason(int code) {
  constexpr int kSmallestOpensslCode = 1 << 23;
  if (code < kSmallestOpensslCode) return nullptr;
  OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, nullptr);  // no TLS may have loaded them yet
  return ERR_reason_error_string(code);
}

std::string reason_of(int code) {
  if (const char* reason = openssl_reason(code)) return reason;
  switch (code) {
    case ECONNRESET:
    case EPIPE:
      return "connection reset";
    default:
      return "connection closed";
  }
}

}  // namespace

bool is_cancelled(const Failure& failure) {
  return failure.code == ECANCELED;
}

bool is_dead_connection(const Failure& failure) {
  return mentions(failure, "Failed to write request") && failure.code != ETIMEDOUT;
}

bool is_handshake_failure(const Failure& failure) {
  return mentions(failure, "SSL handshake") && failure.code != ETIMEDOUT;
}

std::string words_for(const Failure& failure, Duration timeout) {
  if (failure.code == ETIMEDOUT) return words_for_timeout(failure, format_timeout(timeout));
  if (mentions(failure, "address")) return "its host name cannot be resolved";
  if (mentions(failure, "connect to any")) return "connection refused, or no route to it";
  const auto reason = reason_of(failure.code);
  if (mentions(failure, "SSL handshake")) return "TLS handshake failed: " + reason;
  if (mentions(failure, "write request")) return reason + " while the request was sent";
  if (mentions(failure, "status line")) return reason + " before it answered";
  if (is_in_body(failure)) {
    return reason + " in the middle of its answer";
  }
  return failure.what;
}

std::string format_timeout(Duration timeout) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return ms % 1000 == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{}ms", ms);
}

std::string peer_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto start = scheme == std::string::npos ? 0 : scheme + 3;
  const auto end = std::min(url.find_first_of("/?#", start), url.size());
  const auto at = url.rfind('@', end);
  const auto host = at == std::string::npos || at < start ? start : at + 1;
  return url.substr(0, start) + url.substr(host, end - host);
}

}  // namespace jobscaler::http
