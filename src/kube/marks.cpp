#include "kube/marks.h"

#include <cpprest/json.h>
#include <fmt/format.h>

#include <algorithm>

#include "kube/names.h"

namespace jobscaler::kube {
namespace {

constexpr auto kLeases = "leases.coordination.k8s.io";

Error error_from(const char* verb, const std::string& name_space,
                 const Result<http::Response>& answer) {
  if (!answer.ok()) return answer.error();
  return {ErrorKind::unavailable, explain({verb, kLeases, name_space}, status_of(*answer))};
}

http::Request lease_request(const char* method, const std::string& path, std::string body = "") {
  http::Request request;
  request.method = method;
  request.path = path;
  request.body = std::move(body);
  return request;
}

bool is_success(const http::Response& answer) {
  return answer.status >= 200 && answer.status < 300;
}

}  // namespace

// ------------------------------------------------------------------------------------------ reads

std::optional<Error> Marks::load() {
  const auto name_space = session_.api.name_space();
  const auto marks =
      name_space.ok() ? read_or_create(*name_space) : Result<MarkMap>(name_space.error());
  if (!marks.ok()) return marks.error();
  session_.outbox.post(Event(event::MarksLoaded{*marks}));
  {
    const std::lock_guard lock(mutex_);
    written_ = *marks;
    if (writing_ || !is_behind()) return std::nullopt;
    writing_ = true;
  }
  write();
  return std::nullopt;
}

Result<MarkMap> Marks::read_or_create(const std::string& name_space) {
  const auto path = leases_path(name_space, lease_name(session_.instance));
  const auto answer = session_.api.send(lease_request("GET", path));
  if (answer.ok() && answer->status == 200) return loaded(answer->body);
  if (!answer.ok() || answer->status != 404) return error_from("get", name_space, answer);
  const auto created = session_.api.send(
      lease_request("POST", leases_path(name_space), new_lease(name_space, session_.instance, {})));
  if (created.ok() && is_success(*created)) return MarkMap{};
  return error_from("create", name_space, created);
}

Result<MarkMap> Marks::loaded(const std::string& body) {
  const auto lease = parse_json(body);
  if (!lease.ok()) return lease.error();
  std::vector<std::string> odd;
  auto marks = marks_of(*lease, &odd);
  for (const auto& key : odd) {
    say(fmt::format("annotation {} of Lease {} is not a number and is ignored", key,
                    lease_name(session_.instance)));
  }
  return marks;
}

// ----------------------------------------------------------------------------------------- writes

void Marks::record(const action::RecordMark& mark) {
  {
    const std::lock_guard lock(mutex_);
    auto& wanted = wanted_[mark.scaler];
    wanted = std::max(wanted, mark.number);
    if (wanted <= written_[mark.scaler] || std::exchange(writing_, true)) return;
  }
  write();
}

void Marks::write() {
  const auto name_space = session_.api.name_space();
  if (!name_space.ok()) return write_later(name_space.error().message);
  const auto path = leases_path(*name_space, lease_name(session_.instance));
  session_.api.send_async(lease_request("GET", path),
                          [this, name_space = *name_space](Result<http::Response> answer) {
                            was_read(name_space, answer);
                          });
}

void Marks::was_read(const std::string& name_space, const Result<http::Response>& answer) {
  MarkMap marks;
  {
    const std::lock_guard lock(mutex_);
    marks = wanted_;
  }
  if (answer.ok() && answer->status == 404) {
    return put(lease_request("POST", leases_path(name_space),
                             new_lease(name_space, session_.instance, marks)),
               "create", name_space, marks);
  }
  if (!answer.ok() || answer->status != 200) {
    return write_later(error_from("get", name_space, answer).message);
  }
  const auto lease = parse_json(answer->body);
  if (!lease.ok()) return write_later(lease.error().message);
  const auto raised = raised_lease(*lease, marks);
  if (!raised) return written(marks);
  put(lease_request("PUT", leases_path(name_space, lease_name(session_.instance)), *raised),
      "update", name_space, marks);
}

void Marks::put(http::Request request, const char* verb, const std::string& name_space,
                MarkMap marks) {
  const Intent intent{verb, kLeases, name_space};
  session_.api.send_async(std::move(request),
                          [this, intent, marks = std::move(marks)](Result<http::Response> answer) {
                            was_put(intent, marks, answer);
                          });
}

void Marks::was_put(const Intent& intent, const MarkMap& marks,
                    const Result<http::Response>& answer) {
  if (answer.ok() && is_success(*answer)) return written(marks);
  // Somebody else was faster: look again.
  if (answer.ok() && answer->status == 409) return write();
  write_later(answer.ok() ? explain(intent, status_of(*answer)) : answer.error().message);
}

void Marks::written(const MarkMap& marks) {
  bool more = false;
  std::vector<std::function<void()>> ready;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [scaler, number] : marks) {
      written_[scaler] = std::max(written_[scaler], number);
    }
    more = is_behind();
    writing_ = more;
    failing_ = false;
    backoff_.reset();
    said_.clear();
    ready = take_ready();
  }
  for (const auto& task : ready) task();
  if (more) write();
}

void Marks::write_later(const std::string& words) {
  say("the Lease with the names of earlier workers cannot be written, retrying: " + words);
  Duration wait;
  {
    const std::lock_guard lock(mutex_);
    wait = backoff_.next();
    failing_ = true;
    waiting_.clear();
  }
  session_.timers.after(wait, [this] { write(); });
}

void Marks::after_written(const std::string& scaler, std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    const auto wanted = wanted_.find(scaler);
    if (wanted != wanted_.end() && wanted->second > written_[scaler]) {
      if (!failing_) waiting_.emplace(scaler, std::move(task));
      return;
    }
  }
  task();
}

/// Is there a mark that the Lease does not have? REQUIRES: mutex_ is held.
bool Marks::is_behind() {
  return std::any_of(wanted_.begin(), wanted_.end(),
                     [&](const auto& mark) { return mark.second > written_[mark.first]; });
}

std::vector<std::function<void()>> Marks::take_ready() {
  std::vector<std::function<void()>> ready;
  std::erase_if(waiting_, [&](auto& entry) {
    if (wanted_[entry.first] > written_[entry.first]) return false;
    ready.push_back(std::move(entry.second));
    return true;
  });
  return ready;
}

/// Once per problem, until it is over.
void Marks::say(const std::string& words) {
  {
    const std::lock_guard lock(mutex_);
    if (!said_.insert(words).second) return;
  }
  session_.note(Level::warn, "kubernetes", words);
}

}  // namespace jobscaler::kube
