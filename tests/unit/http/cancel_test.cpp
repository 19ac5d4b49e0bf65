#include <catch2/catch.hpp>

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include "http/client.h"
#include "http/counter.h"
#include "http/scripted_peer.h"

using namespace jobscaler;
using namespace std::chrono_literals;
using http::Client;
using test::Connection;
using test::Counter;
using test::ScriptedPeer;

namespace {

http::Request get() {
  http::Request request;
  request.path = std::string("/");
  return request;
}

}  // namespace

TEST_CASE("stop ends a request that nobody answers") {
  Counter asked;
  ScriptedPeer peer([&](Connection& c) {
    c.read_request();
    asked.add();
    c.wait_for_close();
  });
  Client client(peer.url(), {}, 600s);
  std::thread stopper([&] {
    asked.reaches(1);
    client.stop();
  });
  const auto result = client.send(get());
  stopper.join();
  REQUIRE_FALSE(result.ok());
  CHECK(result.error() == Error{ErrorKind::cancelled, peer.url() + ": cancelled"});
}

TEST_CASE("after stop everything is cancelled") {
  ScriptedPeer peer([](Connection& c) {
    while (c.read_request()) c.answer(200);
  });
  Client client(peer.url(), {}, 5s);
  REQUIRE(client.send(get()).ok());
  client.stop();
  CHECK(client.send(get()).error().kind == ErrorKind::cancelled);
  CHECK(client.stream(get(), 5s, [](const std::string&) { return true; }).error().kind ==
        ErrorKind::cancelled);
}

TEST_CASE("destroying a client calls every callback exactly once, and none afterwards") {
  constexpr int kRequests = 100;
  std::atomic<int> answered{0};
  ScriptedPeer peer([&](Connection& c) {
    while (c.read_request()) {
      if (++answered > kRequests / 2) return c.wait_for_close();
      c.answer(200);
    }
  });
  Counter called;
  auto client = std::make_unique<Client>(peer.url(), http::TlsFiles{}, 600s);
  for (int i = 0; i < kRequests; ++i) {
    client->send_async(get(), [&](Result<http::Response>) { called.add(); });
  }
  REQUIRE(called.reaches(10));
  client.reset();
  CHECK(called.count() == kRequests);
}

TEST_CASE("the destructor waits for a callback that is running") {
  ScriptedPeer peer([](Connection& c) {
    while (c.read_request()) c.answer(200);
  });
  Counter entered;
  Counter may_leave;
  std::atomic<bool> left{false};
  auto client = std::make_unique<Client>(peer.url(), http::TlsFiles{}, 5s);
  client->send_async(get(), [&](Result<http::Response>) {
    entered.add();
    may_leave.reaches(1);
    left = true;
  });
  REQUIRE(entered.reaches(1));
  std::thread releaser([&] { may_leave.add(); });
  client.reset();
  CHECK(left);
  releaser.join();
}

TEST_CASE("stop ends a stream that is silent") {
  Counter lines;
  ScriptedPeer peer([](Connection& c) {
    c.read_request();
    c.begin_chunked();
    c.chunk("one\n");
    c.wait_for_close();
  });
  Client client(peer.url(), {}, 5s);
  std::thread stopper([&] {
    lines.reaches(1);
    client.stop();
  });
  const auto result = client.stream(get(), 600s, [&](const std::string&) {
    lines.add();
    return true;
  });
  stopper.join();
  CHECK(result.error().kind == ErrorKind::cancelled);
}

TEST_CASE("stop ends a stream that waits for its headers") {
  Counter asked;
  ScriptedPeer peer([&](Connection& c) {
    c.read_request();
    asked.add();
    c.wait_for_close();
  });
  Client client(peer.url(), {}, 600s);
  std::thread stopper([&] {
    asked.reaches(1);
    client.stop();
  });
  const auto result = client.stream(get(), 600s, [](const std::string&) { return true; });
  stopper.join();
  CHECK(result.error().kind == ErrorKind::cancelled);
}

TEST_CASE("streams can be ended while requests go on") {
  Counter streams;
  Counter asked;
  Counter may_answer;
  ScriptedPeer peer([&](Connection& c) {
    while (const auto request = c.read_request()) {
      if (request->find("/stream") != std::string::npos) {
        c.begin_chunked();
        c.chunk("one\n");
        return c.wait_for_close();
      }
      asked.add();
      may_answer.reaches(1);
      c.answer(200);
    }
  });
  Client client(peer.url(), {}, 600s);
  auto stream = get();
  stream.path = "/stream";
  std::thread ender([&] {
    asked.reaches(1);
    streams.reaches(2);
    client.end_streams();
    may_answer.add();
  });
  const auto count = [&](const std::string&) {
    streams.add();
    return true;
  };
  auto other = std::async(std::launch::async, [&] { return client.stream(stream, 600s, count); });
  std::promise<bool> answered;
  client.send_async(get(),
                    [&](const Result<http::Response>& answer) { answered.set_value(answer.ok()); });
  CHECK(client.stream(stream, 600s, count).error().kind == ErrorKind::cancelled);
  CHECK(other.get().error().kind == ErrorKind::cancelled);
  ender.join();
  CHECK(answered.get_future().get());
  // Those to come are not ended.
  bool read = false;
  CHECK(client
            .stream(stream, 600s,
                    [&](const std::string&) {
                      read = true;
                      return false;
                    })
            .ok());
  CHECK(read);
  CHECK(client.send(get()).ok());
}
