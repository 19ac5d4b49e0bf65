#include "kube/api.h"

namespace jobscaler::kube {
namespace {

bool same_peer(const Access& a, const Access& b) {
  return a.server == b.server && a.tls.ca == b.tls.ca && a.tls.certificate == b.tls.certificate &&
         a.tls.key == b.tls.key && a.tls.verify == b.tls.verify;
}

http::Request authorized(http::Request request, const std::string& token) {
  if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);
  request.headers.emplace_back("Accept", "application/json");
  return request;
}

bool is_unauthorized(const Result<http::Response>& answer) {
  return answer.ok() && answer->status == 401;
}

}  // namespace

Api::Api(const KubernetesConfig& config, PodAccount pod)
    : timeout_(config.timeout), credentials_(config, std::move(pod)) {}

Api::~Api() {
  close();
}

Result<std::string> Api::name_space() {
  auto access = credentials_.current(BootClock::now());
  if (!access.ok()) return access.error();
  return access->name_space;
}

std::string Api::describe() {
  const auto access = credentials_.current(BootClock::now());
  return access.ok() ? access->server + " with " + access->origin : access.error().message;
}

Result<Api::Route> Api::route() {
  auto access = credentials_.current(BootClock::now());
  if (!access.ok()) return access.error();
  std::vector<Connection> unused;  // destroyed without the lock
  const std::lock_guard lock(mutex_);
  if (stopped_) return Error{ErrorKind::cancelled, access->server + ": cancelled"};
  if (connections_.empty() || !same_peer(connections_.back().access, *access)) {
    unused = replace_connection(*access);
  }
  return Route{connections_.back().client, access->token};
}

/// Returns the connections that nobody uses any more. Whoever has a request under way, or a
/// callback that has not returned, has the client, too.
std::vector<Api::Connection> Api::replace_connection(const Access& access) {
  std::vector<Connection> unused;
  std::erase_if(connections_, [&](Connection& connection) {
    if (connection.client.use_count() > 1) return false;
    unused.push_back(std::move(connection));
    return true;
  });
  connections_.push_back(
      {access, std::make_shared<http::Client>(access.server, access.tls, timeout_)});
  return unused;
}

/// After a 401: with what was read again, if that is something else.
std::optional<Api::Route> Api::other_route(const Route& refused) {
  credentials_.expire();
  auto fresh = route();
  if (!fresh.ok()) return std::nullopt;
  const bool same = fresh->client == refused.client && fresh->token == refused.token;
  return same ? std::nullopt : std::optional(*fresh);
}

void Api::observe(const Result<http::Response>& answer, TimePoint sent, TimePoint received) {
  if (!answer.ok()) return;
  const auto header = answer->headers.find("date");
  if (header == answer->headers.end()) return;
  if (const auto date = parse_http_date(header->second)) {
    clock_.observe(sent, received, *date);
  }
}

Result<http::Response> Api::send(http::Request request) {
  auto via = route();
  if (!via.ok()) return via.error();
  const auto ask = [&](const Route& route) {
    const auto sent = BootClock::now();
    auto answer = route.client->send(authorized(request, route.token));
    observe(answer, sent, BootClock::now());
    return answer;
  };
  auto answer = ask(*via);
  if (!is_unauthorized(answer)) return answer;
  const auto other = other_route(*via);
  return other ? ask(*other) : answer;
}

void Api::send_async(http::Request request, Done done) {
  Result<Route> via = Error{};
  {
    const std::shared_lock lock(gate_);
    via = route();
    if (via.ok()) {
      auto message = authorized(request, via->token);
      return via->client->send_async(
          std::move(message),
          [this, used = *via, sent = BootClock::now(), request = std::move(request),
           done = std::move(done)](Result<http::Response> answer) mutable {
            answered(used, sent, std::move(request), done, std::move(answer));
          });
    }
  }
  done(via.error());
}

void Api::answered(const Route& used, TimePoint sent, http::Request request, const Done& done,
                   Result<http::Response> answer) {
  observe(answer, sent, BootClock::now());
  if (is_unauthorized(answer)) {
    const std::shared_lock lock(gate_);
    if (const auto other = other_route(used)) {
      // The client is kept, as it is for the first try.
      return other->client->send_async(
          authorized(std::move(request), other->token),
          [done, client = other->client](auto last) { done(std::move(last)); });
    }
  }
  done(std::move(answer));
}

Result<http::Response> Api::stream(http::Request request, Duration idle_timeout,
                                   std::function<bool(const std::string&)> on_line,
                                   std::function<void()> on_open) {
  auto via = route();
  if (!via.ok()) return via.error();
  const auto ask = [&](const Route& route) {
    const auto sent = BootClock::now();
    std::optional<TimePoint> opened;
    auto answer =
        route.client->stream(authorized(request, route.token), idle_timeout, on_line, [&] {
          opened = BootClock::now();
          on_open();
        });
    observe(answer, sent, opened.value_or(BootClock::now()));
    return answer;
  };
  auto answer = ask(*via);
  if (!is_unauthorized(answer)) return answer;
  const auto other = other_route(*via);
  return other ? ask(*other) : answer;
}

void Api::end_streams() {
  const std::lock_guard lock(mutex_);
  for (auto& connection : connections_) connection.client->end_streams();
}

void Api::stop() {
  const std::unique_lock closing(gate_);
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (auto& connection : connections_) connection.client->stop();
}

void Api::close() {
  stop();
  std::vector<Connection> closing;
  {
    const std::lock_guard lock(mutex_);
    closing.swap(connections_);
  }
  for (auto& connection : closing) connection.client->close();
}

}  // namespace jobscaler::kube
