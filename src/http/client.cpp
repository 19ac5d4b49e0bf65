#include "http/client.h"

#include <cpprest/http_client.h>
#include <fmt/format.h>
#include <pplx/threadpool.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <set>
#include <variant>

#include "http/line_splitter.h"
#include "http/lookup.h"
#include "http/peer_clients.h"
#include "http/words.h"

namespace jobscaler::http {
namespace {

using web::http::http_request;
using web::http::http_response;

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
  bool late = false;  // found so when its body was to be written
};

bool is_late(const Request& request) {
  return request.send_before && BootClock::now() > *request.send_before;
}

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

/// cpprestsdk reports progress when the head is written and the body is not, before it has even
/// read it: the last moment to think better of it. Cancelling closes the connection: the next
/// request on it would be taken for the body.
void watch_lateness(http_request& message, const std::shared_ptr<Call>& call) {
  if (!call->request.send_before) return;
  message.set_progress_handler(
      [call](web::http::message_direction::direction way, utility::size64_t done) {
        if (way != web::http::message_direction::upload || done > 0) return;
        if (!is_late(call->request)) return;
        call->late = true;
        call->source.cancel();
        throw pplx::task_canceled();
      });
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

/// The response, or what went wrong.
std::variant<Response, Failure> outcome_of(pplx::task<Response> task) {
  try {
    return task.get();
  } catch (...) {
    return failure_from(std::current_exception());
  }
}

/// A callback that throws is a bug: it ends the process, rather than an answer being lost in the
/// library that called us.
void deliver(const std::function<void(Result<Response>)>& done, Result<Response> result) noexcept {
  done(std::move(result));
}

/// What has come of a body, at least a byte; empty: that was all. Not read_line(), which takes a
/// lock and several calls for each byte: that was a fifth of the daemon's time.
std::string read_some(const concurrency::streams::istream& body) {
  auto buffer = body.streambuf();
  if (buffer.getc().get() == concurrency::streams::char_traits<std::uint8_t>::eof()) return {};
  std::string some(buffer.in_avail(), '\0');
  some.resize(buffer.getn(reinterpret_cast<std::uint8_t*>(some.data()), some.size()).get());
  return some;
}

/// Waits for a task that may take as long as it likes, until it is cancelled.
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
  Impl(std::string base_url, TlsFiles tls, Duration timeout)
      : clients(std::move(base_url), std::move(tls), timeout),
        lookup(clients.host(), clients.timeout()) {}

  void attempt(const std::shared_ptr<Call>& call);
  void transmit(const std::shared_ptr<Call>& call);
  void settle(const std::shared_ptr<Call>& call, pplx::task<Response> task);
  void finish(const std::shared_ptr<Call>& call, Result<Response> result);
  void finish_later(const std::shared_ptr<Call>& call, Error error);
  Error too_late(const Call& call) const;

  Result<Response> stream(Activity& activity, const Request& request, Duration idle_timeout,
                          const std::function<bool(const std::string&)>& on_line,
                          const std::function<void()>& on_open);
  std::optional<Error> await_lookup(const Activity& activity);
  Result<Response> read_refusal(Activity& activity, const http_response& message);
  Result<Response> read_lines(Activity& activity, http_response message,
                              const std::function<bool(const std::string&)>& on_line);
  template <typename T>
  Error give_up(Activity& activity, pplx::task<T> task, const std::string& words);

  bool begin(const std::shared_ptr<Activity>& activity);
  void end(const std::shared_ptr<Activity>& activity);
  void end_streams();
  void stop();
  void wait_until_idle();

  PeerClients clients;
  Lookup lookup;
  std::mutex mutex;
  std::condition_variable idle;
  bool stopped = false;
  std::set<std::shared_ptr<Activity>> active;
  int delivering = 0;  // calls to `done` that have not returned
};

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
  lookup.forget();
  for (const auto& activity : interrupted) {
    activity->source.cancel();
    // Not left to the lookup of a name, which cannot be interrupted.
    const auto call = std::dynamic_pointer_cast<Call>(activity);
    if (call) finish_later(call, clients.cancelled());
  }
}

void Client::Impl::end_streams() {
  std::set<std::shared_ptr<Activity>> streams;
  {
    const std::lock_guard lock(mutex);
    streams = active;
  }
  std::erase_if(streams, [](const auto& activity) {
    return std::dynamic_pointer_cast<Call>(activity) != nullptr;
  });
  for (const auto& stream : streams) stream->source.cancel();
}

void Client::Impl::wait_until_idle() {
  std::unique_lock lock(mutex);
  idle.wait(lock, [this] { return active.empty() && delivering == 0; });
}

// ------------------------------------------------------------------------------------- requests

void Client::Impl::attempt(const std::shared_ptr<Call>& call) {
  lookup.ask([self = shared_from_this(), call](const std::optional<Failure>& failure) {
    if (!failure) return self->transmit(call);
    self->finish(call, self->clients.error_from(*failure, self->clients.timeout()));
  });
}

void Client::Impl::transmit(const std::shared_ptr<Call>& call) {
  if (is_late(call->request)) return finish_later(call, too_late(*call));
  auto usable = clients.shared();
  if (!usable.ok()) return finish_later(call, usable.error());
  try {
    auto message = to_cpprest(call->request);
    watch_lateness(message, call);
    (*usable)
        ->request(message, call->source.get_token())
        .then(with_body)
        .then([self = shared_from_this(), call](pplx::task<Response> task) {
          self->settle(call, std::move(task));
        });
  } catch (const std::exception& e) {
    finish_later(call, Error{ErrorKind::rejected,
                             fmt::format("{}: cannot send {} {}: {}", clients.peer(),
                                         call->request.method, call->request.path, e.what())});
  }
}

void Client::Impl::settle(const std::shared_ptr<Call>& call, pplx::task<Response> task) {
  auto outcome = outcome_of(std::move(task));
  if (auto* response = std::get_if<Response>(&outcome)) return finish(call, std::move(*response));
  auto& failure = std::get<Failure>(outcome);
  if (call->late) return finish(call, too_late(*call));
  if (is_dead_connection(failure) && !std::exchange(call->repeated, true)) {
    clients.forget_connections();
    return attempt(call);
  }
  // Nobody has cancelled it: its time was over, which the library tells by closing the connection.
  // A request that may have arrived must not be taken for one that was never sent.
  if (is_cancelled(failure) && !call->source.get_token().is_canceled()) failure.code = ETIMEDOUT;
  finish(call, clients.error_from(failure, clients.timeout()));
}

Error Client::Impl::too_late(const Call& call) const {
  if (call.repeated) {
    return clients.unavailable(
        "its connection broke while the request was sent, and it was too late to send it again");
  }
  return {ErrorKind::cancelled, clients.peer() + ": not sent, because it is too late"};
}

void Client::Impl::finish(const std::shared_ptr<Call>& call, Result<Response> result) {
  {
    const std::lock_guard lock(mutex);
    if (active.erase(call) == 0) return;
    ++delivering;
  }
  deliver(std::exchange(call->done, nullptr), std::move(result));
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
  if (const auto error = await_lookup(activity)) return *error;
  auto usable = clients.separate(idle_timeout);
  if (!usable.ok()) return usable.error();
  auto waited = clients.timeout();
  try {
    const auto token = activity.source.get_token();
    auto headers = (*usable)->request(to_cpprest(request), token);
    if (!wait_for(headers, token, clients.timeout())) {
      return give_up(activity, headers, "no answer within ");
    }
    auto message = headers.get();
    if (message.status_code() != 200) return read_refusal(activity, message);
    waited = idle_timeout;
    if (on_open) on_open();
    return read_lines(activity, message, on_line);
  } catch (...) {
    // What a closed connection says may be anything.
    if (activity.source.get_token().is_canceled()) return clients.cancelled();
    return clients.error_from(failure_from(std::current_exception()), waited);
  }
}

std::optional<Error> Client::Impl::await_lookup(const Activity& activity) {
  struct Answer {
    Signal come;
    std::optional<Failure> failure;
  };
  const auto answer = std::make_shared<Answer>();
  lookup.ask([answer](std::optional<Failure> failure) {
    answer->failure = std::move(failure);
    answer->come.set();
  });
  const auto token = activity.source.get_token();
  const auto registration = token.register_callback([answer] { answer->come.set(); });
  answer->come.wait();
  token.deregister_callback(registration);
  if (token.is_canceled()) return clients.cancelled();
  if (!answer->failure) return std::nullopt;
  return clients.error_from(*answer->failure, clients.timeout());
}

/// Not with the stream's idle timeout, which is long.
Result<Response> Client::Impl::read_refusal(Activity& activity, const http_response& message) {
  auto whole = with_body(message);
  if (wait_for(whole, activity.source.get_token(), clients.timeout())) return whole.get();
  return give_up(activity, whole, "its answer stopped coming for ");
}

/// A step of a stream that has not ended in time, or is not waited for because of stop().
template <typename T>
Error Client::Impl::give_up(Activity& activity, pplx::task<T> task, const std::string& words) {
  ignore_failure(task);
  const bool stopping = activity.source.get_token().is_canceled();
  activity.source.cancel();
  return stopping ? clients.cancelled()
                  : clients.unavailable(words + format_timeout(clients.timeout()));
}

Result<Response> Client::Impl::read_lines(Activity& activity, http_response message,
                                          const std::function<bool(const std::string&)>& on_line) {
  LineSplitter lines;
  for (auto some = read_some(message.body()); !some.empty(); some = read_some(message.body())) {
    if (lines.split(some, on_line)) continue;
    activity.source.cancel();
    ignore_failure(message.content_ready());
    return head_of(message);
  }
  lines.end(on_line);
  return head_of(message);
}

// ----------------------------------------------------------------------------------- the surface

Client::Client(std::string base_url, TlsFiles tls, Duration timeout)
    : impl_(std::make_shared<Impl>(std::move(base_url), std::move(tls), timeout)) {}

Client::~Client() {
  close();
}

void Client::close() {
  stop();
  impl_->wait_until_idle();
}

void Client::end_streams() {
  impl_->end_streams();
}

void Client::stop() {
  impl_->stop();
}

void Client::send_async(Request request, std::function<void(Result<Response>)> done) {
  auto call = std::make_shared<Call>(std::move(request), std::move(done));
  if (!impl_->begin(call)) return impl_->finish_later(call, impl_->clients.cancelled());
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
                        : Result<Response>(impl_->clients.cancelled());
  impl_->end(activity);
  return result;
}

void initialize_thread_pool(int threads) {
  crossplat::threadpool::initialize_with_threads(static_cast<std::size_t>(threads));
}

}  // namespace jobscaler::http
