#include "http/client.h"

#include <cpprest/containerstream.h>
#include <cpprest/http_client.h>
#include <fmt/format.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>

#include "http/tls.h"
#include "http/words.h"

namespace jobscaler::http {
namespace {

using web::http::http_request;
using web::http::http_response;
using web::http::client::http_client;
using web::http::client::http_client_config;

/// How often the TLS files are looked at for a change, while all is well.
constexpr auto kTlsCheckInterval = std::chrono::minutes(1);

/// Something under way that stop() must be able to end.
struct Activity {
  virtual ~Activity() = default;
  pplx::cancellation_token_source source;
};

struct Call : Activity {
  Call(Request r, std::function<void(Result<Response>)> d)
      : request(std::move(r)), done(std::move(d)) {}
  Request request;
  std::function<void(Result<Response>)> done;
  bool repeated = false;
};

/// Set once, by whoever comes first.
class Signal {
 public:
  void set() {
    const std::lock_guard lock(mutex_);
    is_set_ = true;
    changed_.notify_all();
  }
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_set_; });
  }
  void wait_for(Duration limit) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, limit, [this] { return is_set_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_set_ = false;
};

http_request to_cpprest(const Request& request) {
  http_request message(request.method);
  message.set_request_uri(web::uri(request.path));
  if (!request.body.empty()) message.set_body(request.body, request.content_type);
  for (const auto& [name, value] : request.headers) message.headers().add(name, value);
  return message;
}

Response head_of(const http_response& message) {
  Response response;
  response.status = message.status_code();
  for (const auto& [name, value] : message.headers()) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    response.headers[lower] = value;
  }
  return response;
}

/// The bytes as they came: extract_string() would convert them, or refuse to.
pplx::task<Response> with_body(const http_response& message) {
  return message.extract_vector().then(
      [response = head_of(message)](std::vector<unsigned char> body) mutable {
        response.body.assign(body.begin(), body.end());
        return std::move(response);
      });
}

void post_to_pool(std::function<void()> task) {
  crossplat::threadpool::shared_instance().service().post(std::move(task));
}

Failure failure_from(std::exception_ptr exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const web::http::http_exception& e) {
    return {e.what(), e.error_code().value()};
  } catch (const pplx::task_canceled&) {
    return {"cancelled", ECANCELED};
  } catch (const std::exception& e) {
    return {e.what(), 0};
  }
}

/// pplx ends the process when a task's exception is never looked at.
template <typename T>
void ignore_failure(pplx::task<T> task) {
  task.then([](pplx::task<T> done) {
    try {
      done.get();
    } catch (...) {
    }
  });
}

/// Waits for a task that may take as long as it likes: cpprestsdk cannot interrupt a name lookup.
template <typename T>
bool wait_for(pplx::task<T> task, const pplx::cancellation_token& token, Duration limit) {
  const auto signal = std::make_shared<Signal>();
  task.then([signal](pplx::task<T>) { signal->set(); });
  const auto registration = token.register_callback([signal] { signal->set(); });
  signal->wait_for(limit);
  token.deregister_callback(registration);
  return task.is_done();
}

}  // namespace

struct Client::Impl : std::enable_shared_from_this<Client::Impl> {
  Impl(std::string url, TlsFiles files, Duration limit)
      : base_url(std::move(url)),
        peer(peer_of(base_url)),
        tls_files(std::move(files)),
        timeout(std::max<Duration>(limit, std::chrono::milliseconds(1))) {  // 0 cancels at once
    check_url();
  }

  void check_url();
  bool is_https() const { return base_url.rfind("https:", 0) == 0; }

  Result<std::shared_ptr<http_client>> shared_client();
  Result<std::shared_ptr<http_client>> new_client(Duration io_timeout);
  Result<std::shared_ptr<TlsContext>> tls_context();
  std::shared_ptr<http_client> make_client(std::shared_ptr<TlsContext> tls, Duration io_timeout);

  void forget_pooled_connections();
  void attempt(const std::shared_ptr<Call>& call);
  void settle(const std::shared_ptr<Call>& call, pplx::task<Response> task);
  void finish(const std::shared_ptr<Call>& call, Result<Response> result);
  void finish_later(const std::shared_ptr<Call>& call, Error error);

  Result<Response> stream(Activity& activity, const Request& request, Duration idle_timeout,
                          const std::function<bool(const std::string&)>& on_line,
                          const std::function<void()>& on_open);
  Result<Response> read_lines(Activity& activity, http_response message,
                              const std::function<bool(const std::string&)>& on_line);

  bool begin(const std::shared_ptr<Activity>& activity);
  void end(const std::shared_ptr<Activity>& activity);
  void stop();
  void wait_until_idle();

  Error error_from(const Failure& failure, Duration limit);
  Error unavailable(const std::string& words) const {
    return Error{ErrorKind::unavailable, peer + ": " + words};
  }
  Error cancelled() const { return Error{ErrorKind::cancelled, peer + ": cancelled"}; }

  const std::string base_url;
  const std::string peer;
  const TlsFiles tls_files;
  const Duration timeout;
  std::optional<Error> bad_url;

  std::mutex mutex;
  std::condition_variable idle;
  bool stopped = false;
  std::set<std::shared_ptr<Activity>> active;
  int delivering = 0;  // calls to `done` that have not returned

  std::mutex client_mutex;  // never held together with `mutex`
  std::shared_ptr<http_client> client;
  std::shared_ptr<TlsContext> tls;
  FileStamps tls_stamps;
  TimePoint tls_check_due{};
};

// ------------------------------------------------------------------------------- the http_clients

void Client::Impl::check_url() {
  try {
    const web::uri uri(base_url);
    const bool usable = (uri.scheme() == "http" || uri.scheme() == "https") && !uri.host().empty();
    if (usable) return;
  } catch (const web::uri_exception&) {
  }
  bad_url =
      Error{ErrorKind::rejected, fmt::format("'{}' is not a URL of the form http://host:port or "
                                             "https://host:port",
                                             peer)};
}

Result<std::shared_ptr<TlsContext>> Client::Impl::tls_context() {
  const auto now = BootClock::now();
  if (tls && now < tls_check_due) return tls;
  tls_check_due = now + kTlsCheckInterval;
  auto stamps = stamps_of(tls_files);
  if (tls && stamps == tls_stamps) return tls;
  auto loaded = TlsContext::load(tls_files);
  // A file that is just being replaced: what was loaded before is better than nothing.
  if (!loaded.ok() && tls) return tls;
  if (!loaded.ok()) {
    return Error{loaded.error().kind, peer + ": " + loaded.error().message};
  }
  tls = *loaded;
  tls_stamps = std::move(stamps);
  client.reset();
  return tls;
}

std::shared_ptr<http_client> Client::Impl::make_client(std::shared_ptr<TlsContext> context,
                                                       Duration io_timeout) {
  http_client_config config;
  config.set_timeout(std::chrono::duration_cast<std::chrono::microseconds>(io_timeout));
  config.set_max_redirects(0);  // a redirect must not carry our credentials elsewhere
  config.set_validate_certificates(tls_files.verify);
  if (context) {
    config.set_ssl_context_callback([context](boost::asio::ssl::context& connection) {
      context->apply(connection.native_handle());
    });
  }
  return std::make_shared<http_client>(web::uri(base_url), config);
}

Result<std::shared_ptr<http_client>> Client::Impl::shared_client() {
  if (bad_url) return *bad_url;
  const std::lock_guard lock(client_mutex);
  std::shared_ptr<TlsContext> context;
  if (is_https()) {
    auto loaded = tls_context();
    if (!loaded.ok()) return loaded.error();
    context = *loaded;
  }
  if (!client) client = make_client(context, timeout);
  return client;
}

/// A client's timeout is fixed, and a stream needs its own.
Result<std::shared_ptr<http_client>> Client::Impl::new_client(Duration io_timeout) {
  if (bad_url) return *bad_url;
  const std::lock_guard lock(client_mutex);
  std::shared_ptr<TlsContext> context;
  if (is_https()) {
    auto loaded = tls_context();
    if (!loaded.ok()) return loaded.error();
    context = *loaded;
  }
  return make_client(context, io_timeout);
}

/// Where one is dead, others are: the peer has been restarted, or closes idle connections.
void Client::Impl::forget_pooled_connections() {
  const std::lock_guard lock(client_mutex);
  client.reset();
}

Error Client::Impl::error_from(const Failure& failure, Duration limit) {
  if (is_cancelled(failure)) return cancelled();
  const std::lock_guard lock(client_mutex);
  tls_check_due = {};  // perhaps a certificate was replaced: look at once
  if (!tls || !is_handshake_failure(failure)) return unavailable(words_for(failure, limit));
  const auto refusal = tls->last_refusal();
  if (refusal.empty()) return unavailable(words_for(failure, limit));
  return unavailable(fmt::format("its TLS certificate is not accepted: {} (checked against {})",
                                 refusal, tls->trusted()));
}

// ---------------------------------------------------------------------------- what is under way

bool Client::Impl::begin(const std::shared_ptr<Activity>& activity) {
  const std::lock_guard lock(mutex);
  active.insert(activity);
  return !stopped;
}

void Client::Impl::end(const std::shared_ptr<Activity>& activity) {
  const std::lock_guard lock(mutex);
  active.erase(activity);
  idle.notify_all();
}

void Client::Impl::stop() {
  std::set<std::shared_ptr<Activity>> interrupted;
  {
    const std::lock_guard lock(mutex);
    stopped = true;
    interrupted = active;
  }
  for (const auto& activity : interrupted) {
    activity->source.cancel();
    // Not left to cpprestsdk, which cannot interrupt a name lookup.
    if (auto call = std::dynamic_pointer_cast<Call>(activity)) finish_later(call, cancelled());
  }
}

void Client::Impl::wait_until_idle() {
  std::unique_lock lock(mutex);
  idle.wait(lock, [this] { return active.empty() && delivering == 0; });
}

// ------------------------------------------------------------------------------------- requests

void Client::Impl::attempt(const std::shared_ptr<Call>& call) {
  auto usable = shared_client();
  if (!usable.ok()) return finish_later(call, usable.error());
  try {
    (*usable)
        ->request(to_cpprest(call->request), call->source.get_token())
        .then(with_body)
        .then([self = shared_from_this(), call](pplx::task<Response> task) {
          self->settle(call, std::move(task));
        });
  } catch (const std::exception& e) {
    finish_later(call, Error{ErrorKind::rejected,
                             fmt::format("{}: cannot send {} {}: {}", peer, call->request.method,
                                         call->request.path, e.what())});
  }
}

void Client::Impl::settle(const std::shared_ptr<Call>& call, pplx::task<Response> task) {
  try {
    finish(call, task.get());
  } catch (...) {
    const auto failure = failure_from(std::current_exception());
    if (is_dead_connection(failure) && !std::exchange(call->repeated, true)) {
      forget_pooled_connections();
      return attempt(call);
    }
    finish(call, error_from(failure, timeout));
  }
}

void Client::Impl::finish(const std::shared_ptr<Call>& call, Result<Response> result) {
  {
    const std::lock_guard lock(mutex);
    if (active.erase(call) == 0) return;
    ++delivering;
  }
  std::exchange(call->done, nullptr)(std::move(result));
  const std::lock_guard lock(mutex);
  --delivering;
  idle.notify_all();
}

void Client::Impl::finish_later(const std::shared_ptr<Call>& call, Error error) {
  post_to_pool(
      [self = shared_from_this(), call, error = std::move(error)] { self->finish(call, error); });
}

// -------------------------------------------------------------------------------------- streams

Result<Response> Client::Impl::stream(Activity& activity, const Request& request,
                                      Duration idle_timeout,
                                      const std::function<bool(const std::string&)>& on_line,
                                      const std::function<void()>& on_open) {
  auto usable = new_client(idle_timeout);
  if (!usable.ok()) return usable.error();
  auto waited = timeout;
  try {
    const auto token = activity.source.get_token();
    auto headers = (*usable)->request(to_cpprest(request), token);
    if (!wait_for(headers, token, timeout)) {
      ignore_failure(headers);
      const bool stopping = token.is_canceled();
      activity.source.cancel();
      return stopping ? cancelled() : unavailable("no answer within " + format_timeout(timeout));
    }
    waited = idle_timeout;
    auto message = headers.get();
    if (message.status_code() != 200) return with_body(message).get();
    if (on_open) on_open();
    return read_lines(activity, message, on_line);
  } catch (...) {
    return error_from(failure_from(std::current_exception()), waited);
  }
}

Result<Response> Client::Impl::read_lines(Activity& activity, http_response message,
                                          const std::function<bool(const std::string&)>& on_line) {
  auto body = message.body();
  while (true) {
    concurrency::streams::container_buffer<std::string> line;
    const auto length = body.read_line(line).get();
    if (length == 0 && body.is_eof()) return head_of(message);
    if (on_line(line.collection())) continue;
    activity.source.cancel();
    ignore_failure(message.content_ready());
    return head_of(message);
  }
}

// ----------------------------------------------------------------------------------- the surface

Client::Client(std::string base_url, TlsFiles tls, Duration timeout)
    : impl_(std::make_shared<Impl>(std::move(base_url), std::move(tls), timeout)) {}

Client::~Client() {
  stop();
  impl_->wait_until_idle();
}

void Client::stop() {
  impl_->stop();
}

void Client::send_async(Request request, std::function<void(Result<Response>)> done) {
  auto call = std::make_shared<Call>(std::move(request), std::move(done));
  if (!impl_->begin(call)) return impl_->finish_later(call, impl_->cancelled());
  impl_->attempt(call);
}

Result<Response> Client::send(Request request) {
  struct Answer {
    Signal come;
    std::optional<Result<Response>> result;
  };
  const auto answer = std::make_shared<Answer>();
  send_async(std::move(request), [answer](Result<Response> result) {
    answer->result = std::move(result);
    answer->come.set();
  });
  answer->come.wait();
  return std::move(*answer->result);
}

Result<Response> Client::stream(Request request, Duration idle_timeout,
                                std::function<bool(const std::string& line)> on_line,
                                std::function<void()> on_open) {
  auto activity = std::make_shared<Activity>();
  const bool running = impl_->begin(activity);
  auto result = running ? impl_->stream(*activity, request, idle_timeout, on_line, on_open)
                        : Result<Response>(impl_->cancelled());
  impl_->end(activity);
  return result;
}

void initialize_thread_pool(int threads) {
  crossplat::threadpool::initialize_with_threads(static_cast<std::size_t>(threads));
}

}  // namespace jobscaler::http
