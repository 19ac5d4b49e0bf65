#include "bench/queues.h"

#include <amqp.h>
#include <amqp_framing.h>
#include <fmt/format.h>

#include <stdexcept>

namespace jobscaler::bench {
namespace {

constexpr amqp_channel_t kChannel = 1;

amqp_bytes_t bytes(const std::string& text) {
  return amqp_bytes_t{text.size(), const_cast<char*>(text.data())};
}

rabbitmq::AmqpConnection open(int amqp_port) {
  auto connection = rabbitmq::AmqpConnection::open(Queues::settings(amqp_port));
  if (!connection.ok()) throw std::runtime_error(connection.error().message);
  return std::move(*connection);
}

}  // namespace

RabbitmqConnection Queues::settings(int amqp_port) {
  RabbitmqConnection settings;
  settings.name = "rabbit";
  settings.host = "127.0.0.1";
  settings.port = amqp_port;
  return settings;
}

Queues::Queues(int amqp_port) : connection_(open(amqp_port)) {}

void Queues::declare(const std::string& queue) {
  amqp_queue_declare(connection_.handle(), kChannel, bytes(queue), /*passive=*/0, /*durable=*/1,
                     /*exclusive=*/0, /*auto_delete=*/0, amqp_empty_table);
  check("declaring " + queue);
}

void Queues::remove(const std::string& queue) {
  amqp_queue_delete(connection_.handle(), kChannel, bytes(queue), 0, 0);
  check("deleting " + queue);
}

void Queues::purge(const std::string& queue) {
  amqp_queue_purge(connection_.handle(), kChannel, bytes(queue));
  check("purging " + queue);
}

void Queues::publish(const std::string& queue, int messages) {
  for (int i = 0; i < messages; ++i) {
    amqp_basic_publish(connection_.handle(), kChannel, amqp_empty_bytes, bytes(queue), 0, 0,
                       nullptr, amqp_cstring_bytes("work"));
  }
}

std::int64_t Queues::ready(const std::string& queue) {
  const auto* ok = amqp_queue_declare(connection_.handle(), kChannel, bytes(queue), /*passive=*/1,
                                      0, 0, 0, amqp_empty_table);
  check("reading " + queue);
  std::int64_t messages = ok->message_count;
  amqp_maybe_release_buffers(connection_.handle());
  return messages;
}

void Queues::check(const std::string& doing) {
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(connection_.handle());
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
  throw std::runtime_error(connection_.reply_error(reply, doing).message);
}

}  // namespace jobscaler::bench
