#include <catch2/catch.hpp>

#include <string>

#include "http/client.h"
#include "http/scripted_peer.h"

using namespace jobscaler;
using namespace std::chrono_literals;
using http::Client;
using test::Connection;
using test::ScriptedPeer;

namespace {

http::Request get(const std::string& path) {
  http::Request request;
  request.path = path;
  return request;
}

http::Request post(const std::string& path, const std::string& body) {
  http::Request request;
  request.method = "POST";
  request.path = path;
  request.body = body;
  return request;
}

/// Sends a GET to a peer that follows the script, and returns the error.
Error error_of(ScriptedPeer::Script script, Duration timeout = 5s) {
  ScriptedPeer peer(std::move(script));
  Client client(peer.url(), {}, timeout);
  const auto result = client.send(get("/"));
  REQUIRE_FALSE(result.ok());
  const auto prefix = peer.url() + ": ";
  REQUIRE(result.error().message.rfind(prefix, 0) == 0);
  return {result.error().kind, result.error().message.substr(prefix.size())};
}

}  // namespace

TEST_CASE("an answer comes with its status, its body as it was and its headers in lower case") {
  const std::string body("caf\xe9 \0 \xff", 8);
  ScriptedPeer peer([&](Connection& c) {
    c.read_request();
    c.answer(404, body, "X-Thing: Value\r\nContent-Type: text/plain; charset=nonsense\r\n");
  });
  Client client(peer.url(), {}, 5s);
  const auto result = client.send(get("/"));
  REQUIRE(result.ok());
  CHECK(result->status == 404);
  CHECK(result->body == body);
  CHECK(result->headers.at("x-thing") == "Value");
}

TEST_CASE("path, query, headers and body reach the peer unchanged") {
  std::string seen;
  ScriptedPeer peer([&](Connection& c) {
    seen = c.read_request().value_or("");
    c.answer(200);
  });
  Client client(peer.url() + "/prefix", {}, 5s);
  auto request = post("/api/v1/x%2Fy?labelSelector=a%3Db%2Cc%3Dd&dryRun=All", "{\"k\": 1}");
  request.headers = {{"Authorization", "Bearer abc"}};
  REQUIRE(client.send(request).ok());
  CHECK(seen.rfind("POST /prefix/api/v1/x%2Fy?labelSelector=a%3Db%2Cc%3Dd&dryRun=All HTTP/1.1\r\n",
                   0) == 0);
  INFO(seen);
  CHECK(seen.find("Authorization:Bearer abc\r\n") != std::string::npos);
  CHECK(seen.find("Content-Type:application/json") != std::string::npos);
  CHECK(seen.substr(seen.size() - 12) == "\r\n\r\n{\"k\": 1}");
}

TEST_CASE("a redirect is an answer and is not followed with our credentials") {
  ScriptedPeer peer([](Connection& c) {
    while (c.read_request()) c.answer(302, "", "Location: http://127.0.0.1:1/\r\n");
  });
  Client client(peer.url(), {}, 5s);
  const auto result = client.send(get("/"));
  REQUIRE(result.ok());
  CHECK(result->status == 302);
}

TEST_CASE("an answer without a body and a chunked one are both whole") {
  ScriptedPeer peer([](Connection& c) {
    while (const auto request = c.read_request()) {
      if (request->rfind("GET /empty ", 0) == 0) {
        c.answer(204);
        continue;
      }
      c.begin_chunked();
      c.chunk("hello ");
      c.chunk("world");
      c.end_chunked();
    }
  });
  Client client(peer.url(), {}, 5s);
  CHECK(client.send(get("/empty"))->status == 204);
  CHECK(client.send(get("/chunked"))->body == "hello world");
}

TEST_CASE("nobody listens: the words name the peer and say so") {
  const auto url = "http://127.0.0.1:" + std::to_string(test::unused_port());
  Client client(url, {}, 5s);
  const auto result = client.send(get("/"));
  REQUIRE_FALSE(result.ok());
  CHECK(result.error() ==
        Error{ErrorKind::unavailable, url + ": connection refused, or no route to it"});
}

TEST_CASE("a peer that never answers costs the timeout and no more") {
  CHECK(error_of([](Connection& c) { c.wait_for_close(); }, 100ms) ==
        Error{ErrorKind::unavailable, "no answer within 100ms"});
}

TEST_CASE("headers that stop half way are a timeout") {
  const auto script = [](Connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Le");
    c.wait_for_close();
  };
  CHECK(error_of(script, 100ms).message == "no answer within 100ms");
}

TEST_CASE("a body that stops half way is a timeout") {
  const auto script = [](Connection& c) {
    c.read_request();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
    c.wait_for_close();
  };
  CHECK(error_of(script, 1s).message == "its answer stopped coming for 1s");
}

TEST_CASE("a connection that ends too early is an error wherever it ends") {
  CHECK(error_of([](Connection& c) { c.read_request(); }).message ==
        "connection closed before it answered");
  CHECK(error_of([](Connection& c) {
          c.read_request();
          c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789");
        }).message == "connection closed in the middle of its answer");
  CHECK(error_of([](Connection& c) {
          c.read_request();
          c.begin_chunked();
          c.write("ff\r\n0123456789");
        }).message == "connection closed in the middle of its answer");
  CHECK(error_of([](Connection& c) {
          c.read_request();
          c.begin_chunked();
          c.chunk("whole");
        }).message == "connection closed in the middle of its answer");
}

TEST_CASE("what is not HTTP is an error") {
  CHECK(error_of([](Connection& c) {
          c.read_request();
          c.write("SSH-2.0-OpenSSH\r\n\r\n\r\n");
        }).kind == ErrorKind::unavailable);
}

TEST_CASE("a URL that is none answers every request with rejected, without its credentials") {
  for (const auto* url : {"", "127.0.0.1:80", "ftp://host", "http://", "http://ho st/"}) {
    Client client(url, {}, 5s);
    const auto result = client.send(get("/"));
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().kind == ErrorKind::rejected);
    CHECK(result.error().message.find("is not a URL of the form http://host:port") !=
          std::string::npos);
  }
  Client client("ftp://user:secret@host", {}, 5s);
  CHECK(client.send(get("/")).error().message.find("secret") == std::string::npos);
}

TEST_CASE("an IPv6 address in a URL is refused in words") {
  Client client("http://[::1]:80", {}, 5s);
  CHECK(client.send(get("/")).error() ==
        Error{ErrorKind::rejected,
              "http://[::1]:80: an IPv6 address in a URL is not supported; use a host name"});
}

TEST_CASE("a path that is none is rejected") {
  Client client("http://127.0.0.1:1", {}, 5s);
  const auto result = client.send(get("/a b"));
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().kind == ErrorKind::rejected);
}

TEST_CASE("a timeout of zero does not cancel everything at once") {
  ScriptedPeer peer([](Connection& c) { c.wait_for_close(); });
  Client client(peer.url(), {}, 0s);
  CHECK(client.send(get("/")).error() ==
        Error{ErrorKind::unavailable, peer.url() + ": no answer within 1ms"});
}
