#include <catch2/catch.hpp>

#include <atomic>
#include <string>

#include "http/client.h"
#include "http/scripted_peer.h"

using namespace jobscaler;
using namespace std::chrono_literals;
using http::Client;
using test::Connection;
using test::ScriptedPeer;

namespace {

http::Request post() {
  http::Request request;
  request.method = "POST";
  request.path = std::string("/");
  request.body = std::string("{}");
  return request;
}

}  // namespace

// Not exactly one: cpprestsdk returns a connection to its pool a moment after the answer is out.
TEST_CASE("requests share connections") {
  ScriptedPeer peer([](Connection& c) {
    while (c.read_request()) c.answer(200);
  });
  Client client(peer.url(), {}, 5s);
  for (int i = 0; i < 100; ++i) REQUIRE(client.send(post()).ok());
  CHECK(peer.connections() < 20);
}

TEST_CASE("a pooled connection the peer has closed is replaced without anybody noticing") {
  ScriptedPeer peer([](Connection& c) {
    if (c.read_request()) c.answer(201);
  });
  Client client(peer.url(), {}, 5s);
  for (int i = 0; i < 100; ++i) {
    const auto result = client.send(post());
    INFO(i << ": " << (result.ok() ? "" : result.error().message));
    REQUIRE(result.ok());
  }
  CHECK(peer.connections() == 100);
}

TEST_CASE(
    "a POST read on a reused connection and not answered may arrive twice: it must be "
    "idempotent") {
  std::atomic<int> posts{0};
  ScriptedPeer peer([&](Connection& c) {
    if (c.read_request() && ++posts == 1) c.answer(201);
    if (posts == 1 && c.read_request()) ++posts;
  });
  Client client(peer.url(), {}, 5s);
  REQUIRE(client.send(post()).ok());
  const auto result = client.send(post());
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().message == peer.url() + ": connection closed before it answered");
  CHECK(posts == 3);
}
