#include "rabbitmq/amqp_connection.h"

#include <amqp.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>

#include <utility>

#include "rabbitmq/amqp_tls.h"
#include "rabbitmq/dial.h"

namespace jobscaler::rabbitmq {
namespace {

constexpr int kChannel = 1;
constexpr int kFrameMax = 131072;
constexpr std::string_view kLoggingIn = "logging in";

timeval to_timeval(Duration duration) {
  const auto us = std::chrono::ceil<std::chrono::microseconds>(duration).count();
  return {us / 1'000'000, us % 1'000'000};
}

std::string_view to_view(amqp_bytes_t bytes) {
  return {static_cast<const char*>(bytes.bytes), bytes.len};
}

amqp_table_entry_t text_property(const char* key, const char* text) {
  amqp_table_entry_t entry{};
  entry.key = amqp_cstring_bytes(key);
  entry.value.kind = AMQP_FIELD_KIND_UTF8;
  entry.value.value.bytes = amqp_cstring_bytes(text);
  return entry;
}

Result<std::string> password_of(const RabbitmqConnection& settings) {
  if (settings.password.origin == Secret::Origin::none) return std::string("guest");
  return read_secret(settings.password);
}

}  // namespace

struct AmqpConnection::State {
  State(const RabbitmqConnection& the_settings, const OpenOptions& the_options)
      : settings(the_settings),
        options(the_options),
        peer(peer_name(the_settings.host, the_settings.port)),
        interrupt(the_options.interrupt != nullptr ? the_options.interrupt : &never) {
    tls.host = settings.host;
    tls.interrupt = interrupt;
  }
  ~State() {
    interrupt->attach(-1);
    if (amqp != nullptr) amqp_destroy_connection(amqp);
  }

  const RabbitmqConnection settings;
  const OpenOptions options;
  const std::string peer;
  Interrupt never;
  Interrupt* const interrupt;
  TlsDiagnosis tls;
  amqp_connection_state_t amqp = nullptr;
};

AmqpConnection::AmqpConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
AmqpConnection::AmqpConnection(AmqpConnection&&) noexcept = default;
AmqpConnection& AmqpConnection::operator=(AmqpConnection&&) noexcept = default;
AmqpConnection::~AmqpConnection() = default;

amqp_connection_state_t_* AmqpConnection::handle() const {
  return state_->amqp;
}
int AmqpConnection::socket() const {
  return amqp_get_sockfd(state_->amqp);
}
const std::string& AmqpConnection::peer() const {
  return state_->peer;
}
const RabbitmqConnection& AmqpConnection::settings() const {
  return state_->settings;
}

Result<AmqpConnection> AmqpConnection::open(const RabbitmqConnection& settings,
                                            const OpenOptions& options) {
  AmqpConnection connection(std::make_unique<State>(settings, options));
  State& state = *connection.state_;
  state.amqp = amqp_new_connection();
  if (state.amqp == nullptr) return Error{ErrorKind::unavailable, "out of memory"};
  if (auto connected = connection.connect(); !connected) return connected.error();
  if (auto logged_in = connection.log_in(); !logged_in) return logged_in.error();
  amqp_channel_open(state.amqp, kChannel);
  const auto reply = amqp_get_rpc_reply(state.amqp);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
    return connection.reply_error(reply, "opening a channel");
  }
  return connection;
}

Result<bool> AmqpConnection::connect() {
  State& state = *state_;
  const auto& settings = state.settings;
  if (!settings.tls.enabled) {
    auto fd = dial(settings.host, settings.port, settings.timeout, *state.interrupt);
    if (!fd) return fd.error();
    amqp_socket_t* socket = amqp_tcp_socket_new(state.amqp);
    if (socket == nullptr) return Error{ErrorKind::unavailable, "out of memory"};
    amqp_tcp_socket_set_sockfd(socket, fd->release());
  } else {
    // rabbitmq-c dials TLS sockets itself, so the parts it has no deadline or no words for come
    // first.
    auto resolved = resolve(settings.host, settings.timeout, *state.interrupt);
    if (!resolved) return resolved.error();
    auto socket = make_tls_socket(state.amqp, settings.tls, state.tls);
    if (!socket) return socket.error();
    const timeval timeout = to_timeval(settings.timeout);
    const int status =
        amqp_socket_open_noblock(*socket, settings.host.c_str(), settings.port, &timeout);
    if (status == AMQP_STATUS_SOCKET_ERROR || status == AMQP_STATUS_TIMEOUT) {
      auto fd = dial(settings.host, settings.port, settings.timeout, *state.interrupt);
      if (!fd) return fd.error();
    }
    if (status != AMQP_STATUS_OK) return status_error(status, "the TLS handshake");
  }
  state.interrupt->attach(socket());
  bound_socket(socket(), settings.timeout);
  const timeval timeout = to_timeval(settings.timeout);
  amqp_set_handshake_timeout(state.amqp, &timeout);
  amqp_set_rpc_timeout(state.amqp, &timeout);
  return true;
}

Result<bool> AmqpConnection::log_in() {
  const auto& settings = state_->settings;
  const auto password = password_of(settings);
  if (!password) return password.error();
  amqp_table_entry_t entries[] = {
      text_property("product", "jobscaler"),
      text_property("connection_name", state_->options.client_name.c_str())};
  const amqp_table_t properties{2, entries};
  const auto reply = amqp_login_with_properties(
      state_->amqp, settings.vhost.c_str(), 0, kFrameMax, state_->options.heartbeat_seconds,
      &properties, AMQP_SASL_METHOD_PLAIN, settings.username.c_str(), password->c_str());
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return true;
  if (settings.tls.enabled && reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
    listen_for_alert();
  return reply_error(reply, kLoggingIn);
}

/// With TLS 1.3 the broker's alert about our certificate comes after the handshake, and is lost if
/// it crosses our first bytes. So the handshake is made once more, without a word afterwards.
void AmqpConnection::listen_for_alert() {
  State& state = *state_;
  if (state.tls.alert >= 0 || state.interrupt->triggered()) return;
  amqp_connection_state_t listener = amqp_new_connection();
  if (listener == nullptr) return;
  timeval timeout = to_timeval(state.settings.timeout);
  const auto socket = make_tls_socket(listener, state.settings.tls, state.tls);
  if (socket && amqp_socket_open_noblock(*socket, state.settings.host.c_str(), state.settings.port,
                                         &timeout) == AMQP_STATUS_OK) {
    amqp_frame_t frame{};
    amqp_simple_wait_frame_noblock(listener, &frame, &timeout);
  }
  amqp_destroy_connection(listener);
}

Result<bool> AmqpConnection::reopen_channel() {
  amqp_channel_close_ok_t ok{};
  const int sent = amqp_send_method(state_->amqp, kChannel, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
  if (sent != AMQP_STATUS_OK) return status_error(sent, "closing a channel");
  amqp_maybe_release_buffers(state_->amqp);
  amqp_channel_open(state_->amqp, kChannel);
  const auto reply = amqp_get_rpc_reply(state_->amqp);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) return reply_error(reply, "opening a channel");
  return true;
}

Result<bool> AmqpConnection::pump() {
  for (;;) {
    amqp_frame_t frame{};
    timeval no_wait{0, 0};
    const int status = amqp_simple_wait_frame_noblock(state_->amqp, &frame, &no_wait);
    if (status == AMQP_STATUS_TIMEOUT) return true;
    if (status != AMQP_STATUS_OK) return status_error(status, "waiting");
    const bool method = frame.frame_type == AMQP_FRAME_METHOD;
    if (method && frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD) {
      const auto* close = static_cast<const amqp_connection_close_t*>(frame.payload.method.decoded);
      return close_error(close->reply_code, to_view(close->reply_text));
    }
    if (method && frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
      const auto* close = static_cast<const amqp_channel_close_t*>(frame.payload.method.decoded);
      return close_error(close->reply_code, to_view(close->reply_text));
    }
    amqp_maybe_release_buffers(state_->amqp);
  }
}

void AmqpConnection::close() {
  amqp_connection_close(state_->amqp, AMQP_REPLY_SUCCESS);
}

Error AmqpConnection::reply_error(const amqp_rpc_reply_t_& reply, std::string_view doing) const {
  if (reply.reply_type != AMQP_RESPONSE_SERVER_EXCEPTION) {
    return status_error(reply.library_error, doing);
  }
  if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_connection_close_t*>(reply.reply.decoded);
    return close_error(close->reply_code, to_view(close->reply_text));
  }
  if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_channel_close_t*>(reply.reply.decoded);
    return close_error(close->reply_code, to_view(close->reply_text));
  }
  return {ErrorKind::malformed, fmt::format("{} sent an unexpected answer (method {:#x}) while {}",
                                            state_->peer, reply.reply.id, doing)};
}

Error AmqpConnection::status_error(int status, std::string_view doing) const {
  const State& state = *state_;
  if (state.interrupt->triggered()) return {ErrorKind::cancelled, "stopped"};
  if (auto error = tls_error(state.tls, state.peer, state.settings.tls)) return *error;
  const char* words = amqp_error_string2(status);
  switch (status) {
    case AMQP_STATUS_TIMEOUT:
      return {
          ErrorKind::unavailable,
          fmt::format("no answer from {} within {} while {}: the broker is overloaded or frozen{}",
                      state.peer, seconds_text(state.settings.timeout), doing,
                      doing == kLoggingIn ? ", or this is not its AMQP port" : "")};
    case AMQP_STATUS_HEARTBEAT_TIMEOUT:
      return {ErrorKind::unavailable, fmt::format("connection to {} lost: no heartbeat for {} s",
                                                  state.peer, 2 * amqp_get_heartbeat(state.amqp))};
    case AMQP_STATUS_SSL_CONNECTION_FAILED:
      return {ErrorKind::unavailable,
              fmt::format("TLS handshake with {} failed: is this its TLS port (5671 by default)?",
                          state.peer)};
    case AMQP_STATUS_BAD_AMQP_DATA:
    case AMQP_STATUS_INCOMPATIBLE_AMQP_VERSION:
      return {ErrorKind::malformed,
              fmt::format("{} does not speak AMQP 0-9-1 ({}): is this the broker's AMQP port?",
                          state.peer, words)};
    default: {
      const bool no_tls = doing == kLoggingIn && !state.settings.tls.enabled;
      return {ErrorKind::unavailable,
              fmt::format("connection to {} lost while {} ({}){}", state.peer, doing, words,
                          no_tls ? ": does this port expect TLS?" : "")};
    }
  }
}

Error AmqpConnection::close_error(int code, std::string_view text) const {
  const auto& settings = state_->settings;
  const std::string words = fmt::format("{} {}", code, text);
  if (code == 403 && text.find("Login was refused") != std::string_view::npos) {
    return {
        ErrorKind::rejected,
        fmt::format("{} refuses to log in user '{}' (403 ACCESS_REFUSED): check user name and "
                    "password{}",
                    state_->peer, settings.username,
                    settings.username == "guest" ? "; guest may log in from localhost only" : "")};
  }
  if (code == 530) {
    return {
        ErrorKind::rejected,
        fmt::format("{} does not let user '{}' into vhost '{}' ({}): check the vhost's name and "
                    "the user's permissions",
                    state_->peer, settings.username, settings.vhost, words)};
  }
  return {ErrorKind::unavailable,
          fmt::format("{} closed the connection ({})", state_->peer, words)};
}

}  // namespace jobscaler::rabbitmq
