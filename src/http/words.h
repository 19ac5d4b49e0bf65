#pragma once

#include <string>

#include "jobscaler/clock.h"

namespace jobscaler::http {

/// A failure as cpprestsdk reports it: its own words, and a code that may be an errno, an asio code
/// or OpenSSL's, whatever its category claims.
struct Failure {
  std::string what;
  int code = 0;
};

/// The call was cancelled through its token.
bool is_cancelled(const Failure& failure);

/// The request could not be written, most likely because the server had closed the idle connection
/// that was picked from the pool. cpprestsdk repeats a request whose answer did not come on such a
/// connection, but not one that could not be written.
bool is_dead_connection(const Failure& failure);

/// cpprestsdk failed to agree on TLS with the peer (as opposed to running out of time for it).
bool is_handshake_failure(const Failure& failure);

/// What happened, for people: "no answer within 10s".
std::string words_for(const Failure& failure, Duration timeout);

/// "10s", "250ms"
std::string format_timeout(Duration timeout);

/// The URL's scheme, host and port: without path, and without a user's name and password.
std::string peer_of(const std::string& url);

}  // namespace jobscaler::http
