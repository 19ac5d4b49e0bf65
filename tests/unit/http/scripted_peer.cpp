#include "http/scripted_peer.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

namespace jobscaler::test {
namespace {

int listen_on_loopback(int& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, generic, size) != 0 || ::listen(listener, 64) != 0 ||
      ::getsockname(listener, generic, &size) != 0) {
    throw std::runtime_error("cannot listen on loopback");
  }
  port = ntohs(address.sin_port);
  return listener;
}

std::size_t content_length(const std::string& head) {
  const auto at = head.find("Content-Length:");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 15));
}

std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> server_context(const std::optional<ServerTls>& tls) {
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(nullptr, SSL_CTX_free);
  if (!tls) return context;
  context.reset(SSL_CTX_new(TLS_server_method()));
  if (SSL_CTX_use_certificate_chain_file(context.get(), tls->certificate.c_str()) != 1 ||
      SSL_CTX_use_PrivateKey_file(context.get(), tls->key.c_str(), SSL_FILETYPE_PEM) != 1) {
    throw std::runtime_error("cannot load " + tls->certificate);
  }
  if (!tls->client_ca.empty()) {
    SSL_CTX_load_verify_file(context.get(), tls->client_ca.c_str());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

}  // namespace

long Connection::receive(char* data, std::size_t size) {
  if (tls_ != nullptr) return SSL_read(tls_, data, static_cast<int>(size));
  return ::recv(socket_, data, size, 0);
}

std::optional<std::string> Connection::read_request() {
  char data[4096];
  while (true) {
    const auto end = pending_.find("\r\n\r\n");
    if (end != std::string::npos) {
      const auto size = end + 4 + content_length(pending_.substr(0, end));
      if (pending_.size() >= size) {
        auto request = pending_.substr(0, size);
        pending_.erase(0, size);
        return request;
      }
    }
    const auto count = receive(data, sizeof data);
    if (count <= 0) return std::nullopt;
    pending_.append(data, static_cast<std::size_t>(count));
  }
}

void Connection::write(const std::string& bytes) {
  if (tls_ != nullptr) {
    SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()));
  } else {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const auto count = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return;
      sent += static_cast<std::size_t>(count);
    }
  }
}

void Connection::answer(int status, const std::string& body, const std::string& headers) {
  write(fmt::format("HTTP/1.1 {} Text\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(),
                    headers, body));
}

void Connection::begin_chunked() {
  write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

void Connection::chunk(const std::string& data) {
  write(fmt::format("{:x}\r\n{}\r\n", data.size(), data));
}

void Connection::wait_for_close() {
  char data[4096];
  while (receive(data, sizeof data) > 0) {
  }
}

ScriptedPeer::ScriptedPeer(Script script, std::optional<ServerTls> tls)
    : script_(std::move(script)),
      tls_(server_context(tls)),
      before_handshake_(tls ? tls->before_handshake : nullptr) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  listener_ = listen_on_loopback(port_);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedPeer::~ScriptedPeer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
  }
  acceptor_.join();
  for (auto& thread : threads_) thread.join();
  ::close(listener_);
}

void ScriptedPeer::accept_all() {
  while (true) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const std::lock_guard lock(mutex_);
    if (closing_) {
      ::close(socket);
      return;
    }
    ++connections_;
    open_.insert(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void ScriptedPeer::serve(int socket) {
  std::unique_ptr<SSL, void (*)(SSL*)> tls(tls_ ? SSL_new(tls_.get()) : nullptr, SSL_free);
  if (tls) SSL_set_fd(tls.get(), socket);
  if (before_handshake_) before_handshake_();
  if (!tls || SSL_accept(tls.get()) == 1) {
    Connection connection(socket, tls.get());
    script_(connection);
    if (tls) SSL_shutdown(tls.get());
  }
  const std::lock_guard lock(mutex_);
  open_.erase(socket);
  ::close(socket);
}

std::string ScriptedPeer::url(const std::string& scheme, const std::string& host) const {
  return fmt::format("{}://{}:{}", scheme, host, port_);
}

int unused_port() {
  int port = 0;
  ::close(listen_on_loopback(port));
  return port;
}

}  // namespace jobscaler::test
