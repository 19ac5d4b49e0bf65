#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <thread>

#include "http/client.h"
#include "http/hanging_lookup.h"
#include "http/scripted_peer.h"

using namespace jobscaler;
using namespace std::chrono_literals;
using http::Client;
using test::Connection;
using test::HangingLookup;
using test::ScriptedPeer;

namespace {

http::Request get() {
  http::Request request;
  request.path = "/";
  return request;
}

void answer_all(Connection& connection) {
  while (connection.read_request()) connection.answer(200);
}

std::string hanging_url(const ScriptedPeer& peer) {
  return peer.url("http", test::kHangingName);
}

}  // namespace

TEST_CASE("a name that cannot be looked up delays nobody else") {
  HangingLookup lookup;
  ScriptedPeer peer(answer_all);
  Client hanging(hanging_url(peer), {}, 600s);
  hanging.send_async(get(), [](const auto&) {});
  REQUIRE(lookup.asked().reaches(1));
  Client other(peer.url(), {}, 10s);
  CHECK(other.send(get()).ok());
}

TEST_CASE("a name that is found is connected to, and looked up once for many requests") {
  HangingLookup lookup;
  ScriptedPeer peer(answer_all);
  Client client(hanging_url(peer), {}, 30s);
  test::Counter answered;
  for (int i = 0; i < 5; ++i) {
    client.send_async(get(), [&](const Result<http::Response>& answer) {
      if (answer.ok()) answered.add();
    });
  }
  REQUIRE(lookup.asked().reaches(1));
  CHECK(lookup.asked().count() == 1);
  lookup.found();
  CHECK(answered.reaches(5));
}

TEST_CASE("a name that nobody knows is said") {
  HangingLookup lookup;
  lookup.unknown();
  Client client("http://hanging.test:1", {}, 30s);
  CHECK(client.send(get()).error() ==
        Error{ErrorKind::unavailable, "http://hanging.test:1: its host name cannot be resolved"});
}

TEST_CASE("a lookup has the request's deadline") {
  HangingLookup lookup;
  Client client("http://hanging.test:1", {}, 100ms);
  const Error late{ErrorKind::unavailable,
                   "http://hanging.test:1: its host name was not resolved within 100ms"};
  CHECK(client.send(get()).error() == late);
  const auto read = [](const std::string&) { return true; };
  CHECK(client.stream(get(), 600s, read).error() == late);
  CHECK(lookup.asked().count() == 1);  // the second waited for the first's
}

TEST_CASE("stop ends a request and a stream whose name is being looked up") {
  HangingLookup lookup;
  Client client("http://hanging.test:1", {}, 600s);
  std::thread stopper([&] {
    lookup.asked().reaches(1);
    client.stop();
  });
  const auto read = [](const std::string&) { return true; };
  CHECK(client.stream(get(), 600s, read).error().kind == ErrorKind::cancelled);
  CHECK(client.send(get()).error().kind == ErrorKind::cancelled);
  stopper.join();
}

TEST_CASE("a decision that grew old during the lookup is not sent") {
  HangingLookup lookup;
  ScriptedPeer peer(answer_all);
  Client client(hanging_url(peer), {}, 600s);
  auto request = get();
  request.send_before = BootClock::now() + 1ms;
  std::thread finder([&, until = *request.send_before] {
    lookup.asked().reaches(1);
    while (BootClock::now() <= until) std::this_thread::yield();
    lookup.found();
  });
  CHECK(client.send(request).error() ==
        Error{ErrorKind::cancelled, hanging_url(peer) + ": not sent, because it is too late"});
  finder.join();
  CHECK(peer.connections() == 0);
  request.send_before = BootClock::now() + 1h;
  CHECK(client.send(request).ok());
}
