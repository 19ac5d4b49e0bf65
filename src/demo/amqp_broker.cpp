#include "demo/amqp_broker.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <string_view>
#include <utility>

namespace jobscaler::demo {
namespace {

constexpr amqp_channel_t kChannel = 1;
constexpr timeval kConnectTimeout{5, 0};
constexpr timeval kAnswerTimeout{10, 0};
constexpr std::string_view kConsumer = "worker";  // unique in its channel

amqp_bytes_t bytes(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};  // rabbitmq-c does not write to it
}

std::string_view view(const amqp_bytes_t& text) {
  return {static_cast<const char*>(text.bytes), text.len};
}

timeval until(Clock::time_point deadline) {
  const auto left = std::max(deadline - Clock::now(), Clock::duration::zero());
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(left).count();
  return {microseconds / 1'000'000, microseconds % 1'000'000};
}

amqp_table_entry_t entry(std::string_view key, amqp_field_value_kind_t kind) {
  amqp_table_entry_t result{bytes(key), {}};
  result.value.kind = static_cast<std::uint8_t>(kind);
  return result;
}

amqp_table_entry_t entry(std::string_view key, std::int64_t value) {
  auto result = entry(key, AMQP_FIELD_KIND_I64);
  result.value.value.i64 = value;
  return result;
}

amqp_table_entry_t entry(std::string_view key, bool value) {
  auto result = entry(key, AMQP_FIELD_KIND_BOOLEAN);
  result.value.value.boolean = value;
  return result;
}

amqp_table_entry_t entry(std::string_view key, std::string_view value) {
  auto result = entry(key, AMQP_FIELD_KIND_UTF8);
  result.value.value.bytes = bytes(value);
  return result;
}

amqp_table_entry_t entry(std::string_view key, amqp_table_t value) {
  auto result = entry(key, AMQP_FIELD_KIND_TABLE);
  result.value.value.table = value;
  return result;
}

std::chrono::milliseconds work_asked_for(const amqp_basic_properties_t& properties) {
  if (!(properties._flags & AMQP_BASIC_HEADERS_FLAG)) return {};
  for (int i = 0; i < properties.headers.num_entries; ++i) {
    const amqp_table_entry_t& header = properties.headers.entries[i];
    if (view(header.key) == kWorkHeader && header.value.kind == AMQP_FIELD_KIND_I64)
      return std::chrono::milliseconds(std::max<std::int64_t>(0, header.value.value.i64));
  }
  return {};
}

ErrorKind kind_of_code(int code) {
  if (code == AMQP_NOT_FOUND) return ErrorKind::not_found;
  if (code == AMQP_CONNECTION_FORCED) return ErrorKind::unavailable;  // it is being stopped
  return ErrorKind::rejected;
}

}  // namespace

void AmqpBroker::Close::operator()(amqp_connection_state_t_* connection) const {
  // The peer may be gone: a bounded farewell, whose failure changes nothing.
  const timeval patience{1, 0};
  amqp_set_rpc_timeout(connection, &patience);
  amqp_connection_close(connection, AMQP_REPLY_SUCCESS);
  amqp_destroy_connection(connection);
}

AmqpBroker::AmqpBroker(const Address& address)
    : name_(describe(address)), connection_(amqp_new_connection()) {
  open_socket(address);
  log_in(address);
  amqp_channel_open(connection_.get(), kChannel);
  check_reply("open a channel");
}

AmqpBroker::~AmqpBroker() = default;

void AmqpBroker::open_socket(const Address& address) {
  amqp_socket_t* socket = amqp_tcp_socket_new(connection_.get());
  if (socket == nullptr) throw std::bad_alloc();
  amqp_set_handshake_timeout(connection_.get(), &kAnswerTimeout);
  amqp_set_rpc_timeout(connection_.get(), &kAnswerTimeout);
  const int status =
      amqp_socket_open_noblock(socket, address.host.c_str(), address.port, &kConnectTimeout);
  if (status == AMQP_STATUS_HOSTNAME_RESOLUTION_FAILED)
    fail(ErrorKind::rejected, fmt::format("the host name '{}' is unknown", address.host));
  if (status != AMQP_STATUS_OK)
    fail(ErrorKind::unavailable, "cannot connect; check host and port and that the broker runs");
}

void AmqpBroker::log_in(const Address& address) {
  // Without this capability nobody tells a consumer that its queue has been deleted.
  amqp_table_entry_t notify[] = {entry("consumer_cancel_notify", true)};
  amqp_table_entry_t capabilities[] = {entry("capabilities", amqp_table_t{1, notify})};
  const amqp_table_t properties{1, capabilities};
  const auto reply = amqp_login_with_properties(
      connection_.get(), address.vhost.c_str(), AMQP_DEFAULT_MAX_CHANNELS, AMQP_DEFAULT_FRAME_SIZE,
      address.heartbeat, &properties, AMQP_SASL_METHOD_PLAIN, address.user.c_str(),
      address.password.c_str());
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION)
    fail(ErrorKind::unavailable, fmt::format("no AMQP handshake ({}); is this the AMQP port?",
                                             amqp_error_string2(reply.library_error)));
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION)
    fail_closed(reply.reply.id, reply.reply.decoded,
                fmt::format("log in as '{}' to vhost '{}'", address.user, address.vhost));
}

void AmqpBroker::declare(const std::string& queue, QueueType type) {
  const bool quorum = type == QueueType::quorum;
  amqp_table_entry_t arguments[] = {
      entry("x-queue-type", std::string_view(quorum ? "quorum" : "classic"))};
  amqp_queue_declare(connection_.get(), kChannel, bytes(queue), /*passive=*/0, /*durable=*/1,
                     /*exclusive=*/0, /*auto_delete=*/0, {1, arguments});
  check_reply(fmt::format("declare the queue '{}'", queue));
}

void AmqpBroker::confirm_publishes() {
  amqp_confirm_select(connection_.get(), kChannel);
  check_reply("switch publisher confirms on");
}

void AmqpBroker::publish(const std::string& queue, const Outgoing& message) {
  amqp_table_entry_t headers[] = {entry(kWorkHeader, message.work.count())};
  amqp_basic_properties_t properties{};
  properties._flags =
      AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_TIMESTAMP_FLAG;
  properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
  properties.message_id = bytes(message.id);
  properties.timestamp = static_cast<std::uint64_t>(std::time(nullptr));
  if (message.work.count() > 0) {
    properties._flags |= AMQP_BASIC_HEADERS_FLAG;
    properties.headers = {1, headers};
  }
  const int status =
      amqp_basic_publish(connection_.get(), kChannel, amqp_empty_bytes, bytes(queue),
                         /*mandatory=*/1, /*immediate=*/0, &properties, bytes(message.body));
  check_status(status, "publish");
  unconfirmed_.insert(++published_);
}

void AmqpBroker::consume(const std::string& queue, int prefetch) {
  amqp_basic_qos(connection_.get(), kChannel, 0, static_cast<std::uint16_t>(prefetch), 0);
  check_reply("set the prefetch");
  amqp_basic_consume(connection_.get(), kChannel, bytes(queue), bytes(kConsumer), /*no_local=*/0,
                     /*no_ack=*/0, /*exclusive=*/0, amqp_empty_table);
  check_reply(fmt::format("consume the queue '{}'", queue));
}

void AmqpBroker::cancel() {
  amqp_basic_cancel(connection_.get(), kChannel, bytes(kConsumer));
  check_reply("stop consuming");
}

void AmqpBroker::ack(std::uint64_t tag) {
  check_status(amqp_basic_ack(connection_.get(), kChannel, tag, /*multiple=*/0), "acknowledge");
}

std::optional<Delivery> AmqpBroker::next() {
  if (deliveries_.empty()) return std::nullopt;
  Delivery delivery = std::move(deliveries_.front());
  deliveries_.pop_front();
  return delivery;
}

bool AmqpBroker::wait(Clock::time_point deadline) {
  amqp_maybe_release_buffers(connection_.get());
  amqp_frame_t frame{};
  const timeval timeout = until(deadline);
  const int status = amqp_simple_wait_frame_noblock(connection_.get(), &frame, &timeout);
  if (status == AMQP_STATUS_TIMEOUT) return false;
  check_status(status, "keep the connection");
  if (frame.frame_type == AMQP_FRAME_METHOD)
    handle(frame.payload.method.id, frame.payload.method.decoded);
  return true;
}

void AmqpBroker::handle(std::uint32_t method, const void* arguments) {
  switch (method) {
    case AMQP_BASIC_DELIVER_METHOD: {
      const auto* deliver = static_cast<const amqp_basic_deliver_t*>(arguments);
      return take_delivery(deliver->delivery_tag, deliver->redelivered != 0);
    }
    case AMQP_BASIC_ACK_METHOD: {
      const auto* ack = static_cast<const amqp_basic_ack_t*>(arguments);
      return take_confirm(ack->delivery_tag, ack->multiple != 0);
    }
    case AMQP_BASIC_NACK_METHOD:
      fail(ErrorKind::rejected, "the broker did not take a message (basic.nack)");
    case AMQP_BASIC_RETURN_METHOD:
      fail(ErrorKind::not_found, "a message came back: its queue has been deleted");
    case AMQP_BASIC_CANCEL_METHOD:
      fail(ErrorKind::not_found, "the queue has been deleted, or its leader has gone");
    case AMQP_CHANNEL_CLOSE_METHOD:
    case AMQP_CONNECTION_CLOSE_METHOD:
      fail_closed(method, arguments, "keep the connection");
    default:
      return;
  }
}

void AmqpBroker::take_delivery(std::uint64_t tag, bool redelivered) {
  amqp_message_t message{};
  const auto reply = amqp_read_message(connection_.get(), kChannel, &message, 0);
  if (reply.reply_type != AMQP_RESPONSE_NORMAL)
    fail(ErrorKind::unavailable, "the connection was lost in the middle of a message");
  const amqp_basic_properties_t& properties = message.properties;
  const bool named = properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG;
  deliveries_.push_back({tag, named ? std::string(view(properties.message_id)) : "-", redelivered,
                         work_asked_for(properties)});
  amqp_destroy_message(&message);
}

void AmqpBroker::take_confirm(std::uint64_t tag, bool multiple) {
  const auto end = unconfirmed_.upper_bound(tag);
  unconfirmed_.erase(multiple ? unconfirmed_.begin() : unconfirmed_.lower_bound(tag), end);
}

void AmqpBroker::check_reply(const std::string& doing) const {
  const auto reply = amqp_get_rpc_reply(connection_.get());
  if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION)
    fail_closed(reply.reply.id, reply.reply.decoded, doing);
  if (reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION) check_status(reply.library_error, doing);
}

void AmqpBroker::check_status(int status, const std::string& doing) const {
  if (status >= AMQP_STATUS_OK) return;
  fail(ErrorKind::unavailable, fmt::format("could not {}: {}", doing, amqp_error_string2(status)));
}

void AmqpBroker::fail_closed(std::uint32_t method, const void* arguments,
                             const std::string& doing) const {
  int code = 0;
  std::string_view words;
  if (method == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_channel_close_t*>(arguments);
    code = close->reply_code;
    words = view(close->reply_text);
  } else if (method == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_connection_close_t*>(arguments);
    code = close->reply_code;
    words = view(close->reply_text);
  }
  fail(kind_of_code(code), fmt::format("could not {}: {} {}", doing, code, words));
}

void AmqpBroker::fail(ErrorKind kind, const std::string& text) const {
  throw BrokerError(kind, fmt::format("{}: {}", name_, text));
}

}  // namespace jobscaler::demo
