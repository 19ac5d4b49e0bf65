#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <thread>
#include <vector>

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

using Lines = std::vector<std::string>;

http::Request get() {
  http::Request request;
  request.path = "/watch";
  return request;
}

struct Streamed {
  Lines lines;
  Result<http::Response> result;
  std::string words;  ///< of the error, without the peer
};

/// The script gets the number of lines delivered so far: what is cut off right behind a line may
/// take the line with it.
using Script = std::function<void(Connection&, Counter& delivered)>;

Streamed stream(Script script, Duration idle_timeout = 30s, Duration timeout = 30s) {
  Counter delivered;
  ScriptedPeer peer([&](Connection& c) {
    c.read_request();
    script(c, delivered);
  });
  Client client(peer.url(), {}, timeout);
  Lines lines;
  auto result = client.stream(get(), idle_timeout, [&](const std::string& line) {
    lines.push_back(line);
    delivered.add();
    return true;
  });
  const auto words = result.ok() ? "" : result.error().message.substr(peer.url().size() + 2);
  return {lines, std::move(result), words};
}

}  // namespace

TEST_CASE("lines arrive whole, however they were cut into chunks") {
  const auto streamed = stream([](Connection& c, Counter&) {
    c.begin_chunked();
    c.chunk("one\ntw");
    c.chunk("o\n\r\nthr");
    c.chunk("ee");
    c.chunk("\n");
    c.end_chunked();
    c.wait_for_close();
  });
  REQUIRE(streamed.result.ok());
  CHECK(streamed.lines == Lines{"one", "two", "", "three"});
  CHECK(streamed.result->status == 200);
  CHECK(streamed.result->body.empty());
}

TEST_CASE("a long line is delivered whole") {
  const std::string line(300'000, 'x');
  const auto streamed = stream([&](Connection& c, Counter&) {
    c.begin_chunked();
    c.chunk(line + "\nend\n");
    c.end_chunked();
    c.wait_for_close();
  });
  CHECK(streamed.lines == Lines{line, "end"});
}

TEST_CASE("a body that ends without a last line feed delivers its last line") {
  const auto streamed = stream([](Connection& c, Counter&) { c.answer(200, "one\ntwo"); });
  REQUIRE(streamed.result.ok());
  CHECK(streamed.lines == Lines{"one", "two"});
}

TEST_CASE("a line that was cut is not delivered") {
  const auto streamed = stream([](Connection& c, Counter& delivered) {
    c.begin_chunked();
    c.chunk("whole\nhal");
    delivered.reaches(1);
  });
  CHECK(streamed.lines == Lines{"whole"});
  CHECK(streamed.words == "connection closed in the middle of its answer");
}

TEST_CASE("a chunk that was cut is an error") {
  const auto streamed = stream([](Connection& c, Counter&) {
    c.begin_chunked();
    c.write("ff\r\nwhole\nhal");
  });
  CHECK(streamed.words == "connection closed in the middle of its answer");
}

TEST_CASE("silence for the idle timeout ends a stream") {
  const auto streamed = stream(
      [](Connection& c, Counter&) {
        c.begin_chunked();
        c.chunk("one\n");
        c.wait_for_close();
      },
      1s);
  CHECK(streamed.lines == Lines{"one"});
  CHECK(streamed.words == "its answer stopped coming for 1s");
}

TEST_CASE("a stream says that it is open before anything was written to it") {
  Counter opened;
  ScriptedPeer peer([&](Connection& c) {
    c.read_request();
    c.begin_chunked();
    if (opened.reaches(1)) c.end_chunked();
    c.wait_for_close();
  });
  Client client(peer.url(), {}, 30s);
  const auto result = client.stream(
      get(), 60s, [](const std::string&) { return true; }, [&] { opened.add(); });
  CHECK(result.ok());
  CHECK(opened.count() == 1);
}

TEST_CASE("headers have the client's timeout, not the idle timeout") {
  const auto streamed = stream([](Connection& c, Counter&) { c.wait_for_close(); }, 600s, 100ms);
  CHECK(streamed.words == "no answer within 100ms");
}

TEST_CASE("any status but 200 comes with its body whole and no line") {
  const auto streamed = stream([](Connection& c, Counter&) { c.answer(410, "gone\nfor good\n"); });
  REQUIRE(streamed.result.ok());
  CHECK(streamed.result->status == 410);
  CHECK(streamed.result->body == "gone\nfor good\n");
  CHECK(streamed.lines.empty());
}

TEST_CASE("a refusal that stops in the middle has the request's deadline") {
  const auto streamed = stream(
      [](Connection& c, Counter&) {
        c.write("HTTP/1.1 503 Text\r\nContent-Length: 100\r\n\r\nstart");
        c.wait_for_close();
      },
      600s, 100ms);
  CHECK(streamed.words == "its answer stopped coming for 100ms");
}

TEST_CASE("stop ends a refusal that stops in the middle") {
  Counter written;
  ScriptedPeer peer([&](Connection& c) {
    c.read_request();
    c.write("HTTP/1.1 503 Text\r\nContent-Length: 100\r\n\r\nstart");
    written.add();
    c.wait_for_close();
  });
  Client client(peer.url(), {}, 600s);
  std::thread stopper([&] {
    written.reaches(1);
    client.stop();
  });
  const auto result = client.stream(get(), 600s, [](const std::string&) { return true; });
  stopper.join();
  CHECK(result.error().kind == ErrorKind::cancelled);
}

TEST_CASE("a stream ends when its reader has had enough") {
  ScriptedPeer peer([](Connection& c) {
    c.read_request();
    c.begin_chunked();
    c.chunk("one\ntwo\nthree\n");
    c.wait_for_close();
  });
  Client client(peer.url(), {}, 30s);
  Lines lines;
  const auto result = client.stream(get(), 600s, [&](const std::string& line) {
    lines.push_back(line);
    return lines.size() < 2;
  });
  REQUIRE(result.ok());
  CHECK(lines == Lines{"one", "two"});
}

TEST_CASE("a stream to nobody is an error") {
  const auto url = "http://127.0.0.1:" + std::to_string(test::unused_port());
  Client client(url, {}, 5s);
  const auto result = client.stream(get(), 5s, [](const std::string&) { return true; });
  CHECK(result.error() ==
        Error{ErrorKind::unavailable, url + ": connection refused, or no route to it"});
}
