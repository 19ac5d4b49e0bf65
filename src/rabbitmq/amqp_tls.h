#pragma once

#include <memory>
#include <string>

#include "config/config.h"
#include "jobscaler/result.h"
#include "rabbitmq/interrupt.h"

struct amqp_socket_t_;
struct amqp_connection_state_t_;

namespace jobscaler::rabbitmq {

/// What OpenSSL learned during a handshake and rabbitmq-c does not tell: why the broker's
/// certificate was not accepted, and the alert the broker sent.
struct TlsDiagnosis {
  std::string host;
  std::string verify_error;  ///< empty: none
  bool wrong_host = false;   ///< the verify error is that of the host name
  int alert = -1;            ///< TLS alert received, -1: none
  Interrupt* interrupt = nullptr;
};

/// A TLS socket on `connection` (owned by it) that verifies chain and host name (IP addresses in
/// the certificate included, which rabbitmq-c's own check ignores) unless `tls.verify` is false.
/// `diagnosis` is written during the handshake and later reads, and must outlive the connection.
Result<amqp_socket_t_*> make_tls_socket(amqp_connection_state_t_* connection, const TlsConfig& tls,
                                        TlsDiagnosis& diagnosis);

/// What the diagnosis means, or nullptr if TLS is not to blame.
std::unique_ptr<Error> tls_error(const TlsDiagnosis& diagnosis, const std::string& peer,
                                 const TlsConfig& tls);

}  // namespace jobscaler::rabbitmq
