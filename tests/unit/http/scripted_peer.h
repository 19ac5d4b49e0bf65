#pragma once

#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace jobscaler::test {

/// One accepted connection, in the hands of the script.
class Connection {
 public:
  /// Reads one request: head and body as they came. Absent: the other side has closed.
  std::optional<std::string> read_request();

  void write(const std::string& bytes);

  /// A complete answer with Content-Length.
  void answer(int status, const std::string& body = "", const std::string& headers = "");

  /// The head of a chunked 200, and one chunk of it.
  void begin_chunked();
  void chunk(const std::string& data);
  void end_chunked() { write("0\r\n\r\n"); }

  /// Returns when the other side has closed, or the peer is being destroyed.
  void wait_for_close();

 private:
  friend class ScriptedPeer;
  Connection(int socket, SSL* tls) : socket_(socket), tls_(tls) {}
  long receive(char* data, std::size_t size);

  int socket_;
  SSL* tls_;
  std::string pending_;
};

struct ServerTls {
  std::string certificate;
  std::string key;
  std::string client_ca;  ///< non-empty: a client certificate signed by it is required
  std::function<void()> before_handshake = {};  ///< called with each connection
};

/// A server on a loopback port of its own that does to each connection what the script says, on a
/// thread per connection. The connection is closed when the script returns.
class ScriptedPeer {
 public:
  using Script = std::function<void(Connection&)>;

  explicit ScriptedPeer(Script script, std::optional<ServerTls> tls = std::nullopt);
  ~ScriptedPeer();  // shuts every connection down and waits for the scripts to return

  int port() const { return port_; }
  std::string url(const std::string& scheme = "http", const std::string& host = "127.0.0.1") const;
  int connections() const { return connections_; }

 private:
  void accept_all();
  void serve(int socket);

  Script script_;
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> tls_;
  std::function<void()> before_handshake_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  bool closing_ = false;
  std::set<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A port on which nothing listens (bound and closed again).
int unused_port();

}  // namespace jobscaler::test
