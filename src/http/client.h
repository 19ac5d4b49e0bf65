#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "jobscaler/clock.h"
#include "jobscaler/result.h"

namespace jobscaler::http {

struct TlsFiles {
  std::string ca;           ///< PEM file; empty: the system's
  std::string certificate;  ///< PEM chain for client authentication; empty: none
  std::string key;
  bool verify = true;  ///< false accepts any server certificate
};

struct Request {
  std::string method = "GET";
  std::string path;  ///< absolute, already percent-encoded, with query
  std::string body;
  std::string content_type = "application/json";             ///< sent when there is a body
  std::vector<std::pair<std::string, std::string>> headers;  ///< Authorization, ...
  /// Of a request that is of use only soon: answered with `cancelled` if it would leave later. It
  /// is looked at before a connection is chosen or made, and again, however long that took, when
  /// nothing but the body remains to be handed to the kernel (once more if cpprestsdk repeats the
  /// request): a request with a body is never complete at the peer if it was late by then. One that
  /// was sent before and is late when it is to be repeated is answered with `unavailable`. What the
  /// kernel or the network keep for later is beyond us, and so is that second look for a request
  /// without a body. Streams do not look at it.
  std::optional<TimePoint> send_before = std::nullopt;
};

struct Response {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case
};

/// One HTTP(S) peer; owns cpprestsdk's client. Thread-safe. Every I/O step has `timeout` as its
/// deadline. An HTTP status is an answer, not an error; errors are `unavailable` (with words that
/// name the peer and what went wrong) and `cancelled` after stop() or `send_before`.
///
/// A POST may reach the server twice (cpprestsdk repeats it on a dead pooled connection): send only
/// what is idempotent.
class Client {
 public:
  /// `base_url`: scheme, host, port, optional path prefix. Throws nothing; a bad URL answers every
  /// request with `rejected`.
  Client(std::string base_url, TlsFiles tls, Duration timeout);
  ~Client();  // close()
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Blocks the calling thread. Never call it from a callback.
  Result<Response> send(Request request);

  /// `done` is called exactly once, on a pool thread; it must not block.
  void send_async(Request request, std::function<void(Result<Response>)> done);

  /// Sends and reads the answer's body line by line on the calling thread, until the body ends (an
  /// answer with the status and an empty body), `on_line` returns false, nothing came for
  /// `idle_timeout` (unavailable), or stop(). For a status other than 200 the body is returned
  /// whole. `on_open`, if given, is called once when the head of a 200 has come.
  Result<Response> stream(Request request, Duration idle_timeout,
                          std::function<bool(const std::string& line)> on_line,
                          std::function<void()> on_open = {});

  /// Cancels the streams under way, and nothing else. Any thread.
  void end_streams();

  /// Cancels everything under way and everything to come. Any thread.
  void stop();

  /// stop(), then waits until every callback has returned. Never call it from a callback of its
  /// own.
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Must be called once before the first Client: bounds cpprestsdk's thread pool, which would
/// otherwise start 40 threads (measured, cpprestsdk 2.10.18).
void initialize_thread_pool(int threads);

/// Percent-encodes everything but RFC 3986's unreserved characters.
std::string encode_uri_component(std::string_view text);

}  // namespace jobscaler::http
