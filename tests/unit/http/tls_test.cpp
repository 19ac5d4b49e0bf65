#include <catch2/catch.hpp>

#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>

#include "http/certificates.h"
#include "http/client.h"
#include "http/counter.h"
#include "http/scripted_peer.h"

using namespace jobscaler;
using namespace std::chrono_literals;
using http::Client;
using test::Certificates;
using test::Connection;
using test::ScriptedPeer;

namespace {

constexpr auto kLocal = "DNS:localhost,IP:127.0.0.1";

http::Request get() {
  http::Request request;
  request.path = std::string("/");
  return request;
}

void serve(Connection& c) {
  while (c.read_request()) c.answer(200, "hello");
}

test::ServerTls server(const Certificates::Pair& pair) {
  return {pair.certificate, pair.key, ""};
}

http::TlsFiles trust(const std::string& ca) {
  http::TlsFiles files;
  files.ca = ca;
  return files;
}

/// The error's words without the peer; the body if there is none.
std::string outcome(const std::string& url, const http::TlsFiles& files, Duration timeout = 5s) {
  Client client(url, files, timeout);
  const auto result = client.send(get());
  return result.ok() ? result->body : result.error().message.substr(url.size() + 2);
}

}  // namespace

TEST_CASE("a certificate is checked against the CA given and for the host asked for") {
  const Certificates ours;
  const Certificates others;
  ScriptedPeer peer(serve, server(ours.issue("server", kLocal)));
  CHECK(outcome(peer.url("https"), trust(ours.ca())) == "hello");
  CHECK(outcome(peer.url("https", "localhost"), trust(ours.ca())) == "hello");
  CHECK(outcome(peer.url("https"), trust(others.ca())) ==
        "its TLS certificate is not accepted: unable to get local issuer certificate (checked "
        "against CA " +
            others.ca() + ")");
}

TEST_CASE("without a CA of its own a client trusts the system's") {
  const Certificates ours;
  ScriptedPeer peer(serve, server(ours.issue("server", kLocal)));
  CHECK(outcome(peer.url("https"), {}) ==
        "its TLS certificate is not accepted: unable to get local issuer certificate (checked "
        "against the system's CAs)");
}

TEST_CASE("a CA given replaces the system's instead of adding to them") {
  const Certificates ours;
  const Certificates others;
  ScriptedPeer peer(serve, server(ours.issue("server", kLocal)));
  ::setenv("SSL_CERT_FILE", ours.ca().c_str(), 1);  // now it is "the system's"
  const auto with_system = outcome(peer.url("https"), {});
  const auto with_others = outcome(peer.url("https"), trust(others.ca()));
  ::unsetenv("SSL_CERT_FILE");
  CHECK(with_system == "hello");
  CHECK(with_others != "hello");
}

TEST_CASE("a certificate for another host is refused, and its hosts are named") {
  const Certificates ours;
  ScriptedPeer peer(serve, server(ours.issue("server", "DNS:db.example,IP:10.1.2.3")));
  CHECK(outcome(peer.url("https"), trust(ours.ca())) ==
        "its TLS certificate is not accepted: it is for db.example, 10.1.2.3 (checked against CA " +
            ours.ca() + ")");
}

TEST_CASE("an expired certificate is refused, unless verification is switched off") {
  const Certificates ours;
  ScriptedPeer peer(serve, server(ours.issue("server", kLocal, "-1")));
  auto files = trust(ours.ca());
  CHECK(outcome(peer.url("https"), files) ==
        "its TLS certificate is not accepted: certificate has expired (checked against CA " +
            ours.ca() + ")");
  files.verify = false;
  CHECK(outcome(peer.url("https"), files) == "hello");
}

TEST_CASE("a client certificate is shown when there is one") {
  const Certificates ours;
  const auto pair = ours.issue("server", kLocal);
  ScriptedPeer peer(serve, test::ServerTls{pair.certificate, pair.key, ours.ca()});
  auto files = trust(ours.ca());
  // The server's alert races with our request: who is first decides what the words are.
  CHECK(outcome(peer.url("https"), files) != "hello");
  const auto client = ours.issue("client", "DNS:client");
  files.certificate = client.certificate;
  files.key = client.key;
  CHECK(outcome(peer.url("https"), files) == "hello");
}

TEST_CASE("TLS files that cannot be used are named, and used as soon as they can be") {
  const Certificates ours;
  const test::TemporaryFolder folder;
  ScriptedPeer peer(serve, server(ours.issue("server", kLocal)));
  const auto ca = folder.path("ca.crt");
  Client client(peer.url("https"), trust(ca), 5s);
  const auto missing = client.send(get());
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error() ==
        Error{ErrorKind::rejected, peer.url("https") + ": cannot load the CA from " + ca +
                                       ": No such file or directory"});
  folder.write("ca.crt", "not PEM");
  CHECK(client.send(get()).error().message ==
        peer.url("https") + ": cannot load the CA from " + ca + ": no certificate or crl found");
  std::filesystem::copy_file(ours.ca(), ca, std::filesystem::copy_options::overwrite_existing);
  CHECK(client.send(get()).ok());
}

TEST_CASE("a CA that was replaced on disk is used after the first failure") {
  const Certificates ours;
  const Certificates old;
  const test::TemporaryFolder folder;
  ScriptedPeer peer(serve, server(ours.issue("server", kLocal)));
  const auto ca = folder.path("ca.crt");
  std::filesystem::copy_file(old.ca(), ca);
  Client client(peer.url("https"), trust(ca), 5s);
  CHECK_FALSE(client.send(get()).ok());
  std::filesystem::copy_file(ours.ca(), ca, std::filesystem::copy_options::overwrite_existing);
  CHECK(client.send(get()).ok());
}

TEST_CASE("TLS spoken to a peer without TLS, and the other way round, are errors in time") {
  ScriptedPeer silent([](Connection& c) { c.wait_for_close(); });
  CHECK(outcome(silent.url("https"), {}, 100ms) ==
        "no TLS handshake within 100ms (does it speak TLS on this port?)");
  ScriptedPeer plain([](Connection& c) { c.answer(400, "this is HTTP"); });
  CHECK(outcome(plain.url("https"), {}) == "TLS handshake failed: wrong version number");
  const Certificates ours;
  ScriptedPeer tls(serve, server(ours.issue("server", kLocal)));
  CHECK(outcome(tls.url("http"), {}, 5s).find("before it answered") != std::string::npos);
}

TEST_CASE("lines stream over TLS, and a cut is an error there too") {
  const Certificates ours;
  test::Counter delivered;
  ScriptedPeer peer(
      [&](Connection& c) {
        c.read_request();
        c.begin_chunked();
        c.chunk("one\nhal");
        delivered.reaches(1);
      },
      server(ours.issue("server", kLocal)));
  Client client(peer.url("https"), trust(ours.ca()), 5s);
  std::string lines;
  const auto result = client.stream(get(), 30s, [&](const std::string& line) {
    lines += line + ";";
    delivered.add();
    return true;
  });
  CHECK(lines == "one;");
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().message ==
        peer.url("https") + ": connection closed in the middle of its answer");
}

TEST_CASE("a request that grew old while its connection was made does not arrive whole") {
  const Certificates ours;
  http::Request request;
  request.method = "POST";
  request.path = std::string("/");
  request.body = std::string("{}");
  request.send_before = BootClock::now() + 1s;
  auto tls = server(ours.issue("server", kLocal));
  tls.before_handshake = [until = *request.send_before] {
    while (BootClock::now() <= until) std::this_thread::yield();
  };
  std::atomic<int> arrived{0};
  ScriptedPeer peer(
      [&](Connection& c) {
        while (c.read_request()) {
          ++arrived;
          c.answer(200);
        }
      },
      tls);
  Client client(peer.url("https"), trust(ours.ca()), 600s);
  const auto late = client.send(request);
  REQUIRE_FALSE(late.ok());
  CHECK(late.error() ==
        Error{ErrorKind::cancelled, peer.url("https") + ": not sent, because it is too late"});
  // Nor is its connection used again, on which the next request would be taken for its body.
  request.send_before = BootClock::now() + 1h;
  const auto next = client.send(request);
  REQUIRE(next.ok());
  CHECK(next->status == 200);
  CHECK(arrived == 1);
  CHECK(peer.connections() == 2);
}
