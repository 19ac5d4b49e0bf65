#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "config/config.h"
#include "jobscaler/result.h"
#include "rabbitmq/interrupt.h"

// rabbitmq-c's types, declared here so that <amqp.h> stays in the .cpp files that call it.
struct amqp_connection_state_t_;
struct amqp_rpc_reply_t_;

namespace jobscaler::rabbitmq {

struct OpenOptions {
  std::string client_name = "jobscaler";  ///< shown by the broker's list of connections
  /// Asked of the broker, which may lower it. 0: none. With heartbeats on, pump() or any other call
  /// must be made at least every half of it: rabbitmq-c has no thread of its own.
  int heartbeat_seconds = 0;
  Interrupt* interrupt = nullptr;  ///< makes every call below fail at once; outlives the connection
};

/// One AMQP 0-9-1 connection, logged in, with channel 1 open. Owns rabbitmq-c's state. Not
/// thread-safe. Every step of every exchange has the settings' `timeout` as its deadline; after a
/// deadline or a lost connection every further call fails and a new connection must be opened.
///
/// Errors name the peer and say what to do; they are
///   unavailable: not resolved, refused, no answer in time, lost, CA or key file unreadable
///   rejected:    password, vhost, permissions, certificates
///   not_found:   the file or variable with the password does not exist
///   cancelled:   the interrupt was triggered
class AmqpConnection {
 public:
  /// Reads the password anew, connects (with TLS if the settings say so), logs in, opens channel 1.
  static Result<AmqpConnection> open(const RabbitmqConnection& settings,
                                     const OpenOptions& options = {});

  AmqpConnection(AmqpConnection&&) noexcept;
  AmqpConnection& operator=(AmqpConnection&&) noexcept;
  /// Drops the connection without a word; see close().
  ~AmqpConnection();

  /// For calls of rabbitmq-c; stays owned by this object.
  amqp_connection_state_t_* handle() const;
  int socket() const;
  /// "rabbitmq:5672"
  const std::string& peer() const;

  /// Opens channel 1 again after the broker closed it: sends the close-ok that rabbitmq-c leaves to
  /// its caller, then channel.open.
  Result<bool> reopen_channel();

  /// Sends a heartbeat if one is due and takes in what has come, without waiting. Error: the
  /// connection is lost. REQUIRES: no request is unanswered.
  Result<bool> pump();

  const RabbitmqConnection& settings() const;

  /// Says good-bye (connection.close) if the connection still works; waits at most the timeout.
  void close();

  /// What a failed call means. `doing` completes "no answer from <peer> within 2s while ...":
  /// "logging in", "reading queue 'orders'".
  Error reply_error(const amqp_rpc_reply_t_& reply, std::string_view doing) const;
  Error status_error(int status, std::string_view doing) const;

  /// What a connection.close of the broker means: 403, 530, 320 CONNECTION_FORCED ...
  Error close_error(int code, std::string_view text) const;

 private:
  struct State;
  explicit AmqpConnection(std::unique_ptr<State> state);
  Result<bool> connect();
  Result<bool> log_in();
  void listen_for_alert();
  std::unique_ptr<State> state_;
};

}  // namespace jobscaler::rabbitmq
