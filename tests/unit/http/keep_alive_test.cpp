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

TEST_CASE("a POST that a reused connection swallows arrives twice: it must be idempotent") {
  std::atomic<int> arrived{0};
  std::atomic<int> swallowed{0};
  ScriptedPeer peer([&](Connection& c) {
    if (!c.read_request()) return;
    ++arrived;
    c.answer(201);
    if (!c.read_request()) return;
    ++arrived;
    ++swallowed;
  });
  Client client(peer.url(), {}, 5s);
  int sent = 0;
  while (swallowed == 0 && sent < 1000) {
    ++sent;
    REQUIRE(client.send(post()).ok());
  }
  CHECK(swallowed >= 1);  // each pooled connection may swallow it once
  CHECK(arrived == sent + swallowed);
}
