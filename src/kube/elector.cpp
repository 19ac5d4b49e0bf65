#include "kube/elector.h"

#include <cpprest/json.h>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <memory>
#include <thread>

namespace jobscaler::kube {
namespace {

constexpr auto kReleasePatience = std::chrono::seconds(1);  // a stop takes two at most
constexpr auto kReleaseAgain = std::chrono::milliseconds(100);

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
  look();
}

void Elector::look() {
  {
    const std::lock_guard lock(mutex_);
    if (released_) return;
    election_.look_began(BootClock::now());
  }
  // Not after marks that wait to be written: a renewal has its deadline.
  session_.lease.change_next([this](const Json* lease) { return claim(lease); },
                             [this](const LeaseWriter::Outcome& outcome) { looked(outcome); });
}

std::optional<std::string> Elector::claim(const Json* lease) {
  const std::lock_guard lock(mutex_);
  const auto now = BootClock::now();
  const auto seen = record_on(lease);
  if (released_) return std::nullopt;
  claimed_at_.reset();
  if (!election_.saw(seen, now)) return std::nullopt;
  claimed_at_ = now;
  const auto record = election_.claim(format_micro_time(session_.lease.server_now()));
  // One that somebody deleted had our marks.
  return lease != nullptr ? with_record(*lease, record)
                          : with_record(Json::parse(session_.lease.fresh(marks_.known())), record);
}

void Elector::looked(const LeaseWriter::Outcome& outcome) {
  using Kind = LeaseWriter::Outcome::Kind;
  bool again = false;
  {
    const std::lock_guard lock(mutex_);
    if (released_) return;
    // Somebody has written meanwhile, perhaps only a mark: look again, at once the first time.
    again = outcome.kind == Kind::conflict && !in_conflict_;
    in_conflict_ = outcome.kind == Kind::conflict;
    if (outcome.kind == Kind::done) done();
    if (outcome.kind == Kind::failed || (in_conflict_ && !again)) failed(outcome.error);
  }
  if (again) return look();
  session_.pace.begin();
  look_later(outcome.retry_after.value_or(Duration(0)));
}

/// REQUIRES: mutex_ is held.
void Elector::done() {
  trouble_.clear();
  if (!claimed_at_) return session_.leadership.stand_by(election_.other_holder());
  election_.wrote(*claimed_at_);
  const auto until = election_.leads_until();
  if (BootClock::now() > until) {
    return failed({ErrorKind::unavailable, "its renewal took too long"});
  }
  watch_over(until);
  if (session_.leadership.lead(*claimed_at_, until, identity_.name())) {
    session_.list_anew(*claimed_at_);
  }
}

/// REQUIRES: mutex_ is held.
void Elector::failed(const Error& error) {
  const bool news = std::exchange(trouble_, error.message) != error.message;
  const auto now = BootClock::now();
  if (now <= election_.leads_until()) return;  // said if that ends
  session_.leadership.until(now, error.message);
  // That the Lease cannot even be read because nobody answers is said by those who watch.
  const bool worth_saying = error.kind == ErrorKind::rejected || claimed_at_;
  if (news && worth_saying && error.kind != ErrorKind::cancelled) {
    session_.note(
        Level::warn, "kubernetes",
        fmt::format("cannot take Lease {}, retrying: {}", session_.lease.name(), error.message));
  }
  session_.leadership.stand_by(election_.other_holder());
}

void Elector::look_later(Duration at_least) {
  const std::lock_guard lock(mutex_);
  const auto wait = std::max(election_.next_look() - BootClock::now(), at_least);
  session_.timers.after(wait, [this] { look(); });
}

void Elector::watch_over(TimePoint until) {
  constexpr auto kClearlyLater = std::chrono::milliseconds(10);
  session_.timers.after(until + kClearlyLater - BootClock::now(), [this] {
    const std::lock_guard lock(mutex_);
    session_.leadership.until(
        BootClock::now(),
        trouble_.empty() ? "there is no answer yet, or this process stood still" : trouble_);
  });
}

void Elector::release() {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(released_, true)) return;
    if (!claimed_at_) return;  // else it may be ours, whatever was or will be answered
  }
  const auto deadline = BootClock::now() + kReleasePatience;
  while (!try_to_release(deadline) && BootClock::now() + kReleaseAgain < deadline) {
    std::this_thread::sleep_for(kReleaseAgain);
  }
}

/// Whether there is nothing more to be done: another's write that crosses ours is.
bool Elector::try_to_release(TimePoint deadline) {
  const auto over = std::make_shared<std::promise<LeaseWriter::Outcome::Kind>>();
  session_.lease.change_next(
      [this](const Json* lease) { return give_up(lease); },
      [over](const LeaseWriter::Outcome& outcome) { over->set_value(outcome.kind); });
  auto outcome = over->get_future();
  const auto in_time = outcome.wait_for(deadline - BootClock::now());
  return in_time != std::future_status::ready || outcome.get() == LeaseWriter::Outcome::Kind::done;
}

std::optional<std::string> Elector::give_up(const Json* lease) {
  const std::lock_guard lock(mutex_);
  const auto record =
      election_.release(record_on(lease), format_micro_time(session_.lease.server_now()));
  return record ? std::optional(with_record(*lease, *record)) : std::nullopt;
}

}  // namespace jobscaler::kube
