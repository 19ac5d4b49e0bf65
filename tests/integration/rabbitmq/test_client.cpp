#include "test_client.h"

#include <amqp.h>
#include <fmt/format.h>

#include <set>
#include <stdexcept>

namespace jobscaler::rabbitmq::test {
namespace {

constexpr int kChannel = 1;

amqp_bytes_t bytes(const std::string& text) {
  return {text.size(), const_cast<char*>(text.data())};
}

std::string text(amqp_bytes_t value) {
  return {static_cast<const char*>(value.bytes), value.len};
}

AmqpConnection open(RabbitmqConnection settings) {
  settings.timeout = std::chrono::seconds(20);
  auto opened = AmqpConnection::open(settings, {.client_name = "test", .interrupt = nullptr});
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

std::optional<std::int64_t> delivery_count(const amqp_basic_properties_t& properties) {
  if ((properties._flags & AMQP_BASIC_HEADERS_FLAG) == 0) return std::nullopt;
  for (int i = 0; i < properties.headers.num_entries; ++i) {
    const auto& entry = properties.headers.entries[i];
    if (text(entry.key) == "x-delivery-count") return entry.value.value.i64;
  }
  return std::nullopt;
}

amqp_table_entry_t entry(const char* key, const std::string& value) {
  amqp_table_entry_t made{};
  made.key = amqp_cstring_bytes(key);
  made.value.kind = AMQP_FIELD_KIND_UTF8;
  made.value.value.bytes = bytes(value);
  return made;
}

amqp_table_entry_t entry(const char* key, int value) {
  amqp_table_entry_t made{};
  made.key = amqp_cstring_bytes(key);
  made.value.kind = AMQP_FIELD_KIND_I32;
  made.value.value.i32 = value;
  return made;
}

}  // namespace

TestClient::TestClient(const RabbitmqConnection& settings) : amqp_(open(settings)) {}

void TestClient::declare(const std::string& queue, const QueueOptions& options) {
  std::vector<amqp_table_entry_t> entries{entry("x-queue-type", options.type)};
  if (options.max_priority > 0) entries.push_back(entry("x-max-priority", options.max_priority));
  const amqp_table_t arguments{static_cast<int>(entries.size()), entries.data()};
  amqp_queue_declare(amqp_.handle(), kChannel, bytes(queue), 0, 1, options.exclusive, 0, arguments);
  check("declare");
}

void TestClient::remove(const std::string& queue) {
  amqp_queue_delete(amqp_.handle(), kChannel, bytes(queue), 0, 0);
  check("delete");
}

void TestClient::purge(const std::string& queue) {
  amqp_queue_purge(amqp_.handle(), kChannel, bytes(queue));
  check("purge");
}

void TestClient::publish(const std::string& queue, const std::vector<std::string>& bodies,
                         std::optional<std::uint64_t> timestamp) {
  if (!confirms_) {
    amqp_confirm_select(amqp_.handle(), kChannel);
    check("confirm.select");
    confirms_ = true;
  }
  amqp_basic_properties_t properties{};
  properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
  properties.delivery_mode = 2;
  if (timestamp) {
    properties._flags |= AMQP_BASIC_TIMESTAMP_FLAG;
    properties.timestamp = *timestamp;
  }
  std::set<std::uint64_t> unconfirmed;
  for (const auto& body : bodies) {
    amqp_basic_publish(amqp_.handle(), kChannel, amqp_empty_bytes, bytes(queue), 0, 0, &properties,
                       bytes(body));
    unconfirmed.insert(++published_);
  }
  while (!unconfirmed.empty()) {
    amqp_frame_t frame{};
    timeval timeout{20, 0};
    if (amqp_simple_wait_frame_noblock(amqp_.handle(), &frame, &timeout) != AMQP_STATUS_OK ||
        frame.frame_type != AMQP_FRAME_METHOD || frame.payload.method.id != AMQP_BASIC_ACK_METHOD) {
      throw std::runtime_error("a message was not confirmed");
    }
    const auto& ack = *static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
    const auto last = unconfirmed.upper_bound(ack.delivery_tag);
    unconfirmed.erase(ack.multiple ? unconfirmed.begin() : unconfirmed.find(ack.delivery_tag),
                      last);
    amqp_maybe_release_buffers(amqp_.handle());
  }
}

void TestClient::consume(const std::string& queue, int prefetch) {
  amqp_basic_qos(amqp_.handle(), kChannel, 0, static_cast<std::uint16_t>(prefetch), 0);
  check("basic.qos");
  amqp_basic_consume(amqp_.handle(), kChannel, bytes(queue), amqp_empty_bytes, 0, 0, 0,
                     amqp_empty_table);
  check("basic.consume");
}

std::vector<Delivery> TestClient::deliveries(std::size_t count) {
  std::vector<Delivery> taken;
  while (taken.size() < count) {
    amqp_envelope_t envelope{};
    timeval timeout{20, 0};
    const auto reply = amqp_consume_message(amqp_.handle(), &envelope, &timeout, 0);
    if (reply.reply_type != AMQP_RESPONSE_NORMAL) {
      throw std::runtime_error(fmt::format("only {} of {} messages came", taken.size(), count));
    }
    taken.push_back({text(envelope.message.body), envelope.redelivered != 0,
                     delivery_count(envelope.message.properties)});
    amqp_destroy_envelope(&envelope);
    amqp_maybe_release_buffers(amqp_.handle());
  }
  return taken;
}

void TestClient::check(const char* doing) {
  const auto reply = amqp_get_rpc_reply(amqp_.handle());
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
  throw std::runtime_error(amqp_.reply_error(reply, doing).message);
}

std::vector<std::string> numbered(int count) {
  std::vector<std::string> bodies;
  for (int i = 0; i < count; ++i) bodies.push_back(fmt::format("m{}", i));
  return bodies;
}

}  // namespace jobscaler::rabbitmq::test
