#include "kube/elector.h"

#include <cpprest/json.h>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <memory>

#include "kube/facts.h"
#include "kube/names.h"

namespace jobscaler::kube {
namespace {

constexpr auto kReleasePatience = std::chrono::milliseconds(500);

std::string scope_of(const KubernetesConfig& config) {
  return fmt::format("{}\n{}\n{}\n{}", config.kubeconfig, config.context, config.name_space,
                     config.instance);
}

std::optional<LeaseRecord> record_on(const Json* lease) {
  return lease == nullptr ? std::nullopt : record_of(*lease);
}

}  // namespace

Elector::Elector(Session& session, Marks& marks, const KubernetesConfig& config)
    : session_(session),
      marks_(marks),
      identity_(scope_of(config)),
      election_(identity_.name(), real_random()) {
  session_.leadership.await();
}

void Elector::start() {
  {
    const std::lock_guard lock(mutex_);
    started_ = true;
  }
  look();
}

void Elector::look() {
  {
    const std::lock_guard lock(mutex_);
    if (released_) return;
    election_.look_began(BootClock::now());
    claimed_at_.reset();
  }
  session_.lease.change([this](const Json* lease) { return claim(lease); },
                        [this](const LeaseWriter::Outcome& outcome) { looked(outcome); });
}

std::optional<std::string> Elector::claim(const Json* lease) {
  const std::lock_guard lock(mutex_);
  const auto now = BootClock::now();
  const auto seen = record_on(lease);
  if (seen && seen->holder != identity_.name() && ever_told_) behind_ = true;
  if (released_ || !election_.saw(seen, now)) return std::nullopt;
  claimed_at_ = now;
  const auto record = election_.claim(format_micro_time(session_.lease.server_now()));
  // One that somebody deleted had our marks.
  return lease != nullptr ? with_record(*lease, record)
                          : with_record(Json::parse(session_.lease.fresh(marks_.known())), record);
}

void Elector::looked(const LeaseWriter::Outcome& outcome) {
  using Kind = LeaseWriter::Outcome::Kind;
  bool again = false;
  bool behind = false;
  {
    const std::lock_guard lock(mutex_);
    if (released_) return;
    // Somebody has written meanwhile, perhaps only a mark: look again, at once the first time.
    again = outcome.kind == Kind::conflict && !in_conflict_;
    in_conflict_ = outcome.kind == Kind::conflict;
    if (outcome.kind == Kind::done) done();
    ever_told_ = ever_told_ || !again;
    behind = outcome.kind == Kind::done && claimed_at_ && behind_;
    if (outcome.kind == Kind::failed || (in_conflict_ && !again)) failed(outcome.error);
  }
  if (again) return look();
  if (behind) catch_up();
  look_later();
}

/// REQUIRES: mutex_ is held.
void Elector::done() {
  if (!claimed_at_) {
    behind_ = true;
    return session_.leadership.stand_by(election_.other_holder());
  }
  election_.wrote(*claimed_at_);
  if (BootClock::now() > election_.leads_until()) {
    return failed({ErrorKind::unavailable, "its renewal took too long"});
  }
  trouble_.clear();
  if (!behind_) lead();
}

/// REQUIRES: mutex_ is held.
void Elector::lead() {
  session_.leadership.lead(election_.leads_until(), identity_.name());
  watch_over(election_.leads_until());
}

void Elector::catch_up() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(catching_up_, true)) return;
  }
  const auto name_space = session_.api.name_space();
  if (!name_space.ok()) return found(name_space.error());
  http::Request request;
  request.path = jobs_path(*name_space) +
                 "?labelSelector=" + http::encode_uri_component(selector_of(session_.instance));
  session_.api.send_async(std::move(request),
                          [this](const Result<http::Response>& answer) { found(answer); });
}

void Elector::found(const Result<http::Response>& answer) {
  const auto list =
      answer.ok() && answer->status == 200 ? parse_json(answer->body) : Result<Json>(Error{});
  if (!list.ok()) return caught_up({LeaseWriter::Outcome::Kind::failed, {}});
  session_.workers.update([&](Store& store) {
    Store::Events news;
    for (const auto* item : elements(*list, {"items"})) {
      auto job = parse_job(*item);
      if (!job.ok()) continue;  // said by those who watch
      for (auto& event : store.job_found(std::move(*job))) news.push_back(std::move(event));
    }
    return news;
  });
  read_marks();
}

void Elector::read_marks() {
  session_.lease.change(
      [this](const Json* lease) -> std::optional<std::string> {
        if (lease != nullptr) session_.outbox.post(Event(event::MarksLoaded{marks_of(*lease)}));
        return std::nullopt;
      },
      [this](const LeaseWriter::Outcome& outcome) { caught_up(outcome); });
}

/// If not, the next renewal tries again.
void Elector::caught_up(const LeaseWriter::Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  catching_up_ = false;
  if (outcome.kind != LeaseWriter::Outcome::Kind::done) return;
  if (released_ || BootClock::now() > election_.leads_until()) return;
  behind_ = false;
  lead();
}

/// REQUIRES: mutex_ is held.
void Elector::failed(const Error& error) {
  const bool news = std::exchange(trouble_, error.message) != error.message;
  const auto now = BootClock::now();
  if (now <= election_.leads_until()) return;  // said if that ends
  session_.leadership.until(now, error.message);
  // That nobody answers is said by those who watch.
  if (news && error.kind == ErrorKind::rejected) {
    session_.note(
        Level::warn, "kubernetes",
        fmt::format("cannot take Lease {}, retrying: {}", session_.lease.name(), error.message));
  }
  session_.leadership.stand_by(election_.other_holder());
}

void Elector::look_later() {
  const std::lock_guard lock(mutex_);
  const auto wait = std::max(election_.next_look() - BootClock::now(), Duration(0));
  session_.timers.after(wait, [this] { look(); });
}

void Elector::watch_over(TimePoint until) {
  constexpr auto kClearlyLater = std::chrono::milliseconds(10);
  session_.timers.after(until + kClearlyLater - BootClock::now(), [this] {
    const std::lock_guard lock(mutex_);
    session_.leadership.until(BootClock::now(), trouble_);
  });
}

void Elector::release() {
  {
    const std::lock_guard lock(mutex_);
    if (!started_ || std::exchange(released_, true)) return;
    if (!election_.other_holder().empty()) return;
  }
  const auto over = std::make_shared<std::promise<void>>();
  session_.lease.change([this](const Json* lease) { return give_up(lease); },
                        [over](const LeaseWriter::Outcome&) { over->set_value(); });
  over->get_future().wait_for(kReleasePatience);
}

std::optional<std::string> Elector::give_up(const Json* lease) {
  const std::lock_guard lock(mutex_);
  const auto record =
      election_.release(record_on(lease), format_micro_time(session_.lease.server_now()));
  return record ? std::optional(with_record(*lease, *record)) : std::nullopt;
}

}  // namespace jobscaler::kube
