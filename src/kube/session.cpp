#include "kube/session.h"

#include <algorithm>

namespace jobscaler::kube {
namespace {

constexpr auto kOldestDecision = std::chrono::seconds(2);

}  // namespace

Duration Workers::ahead() const {
  return clock_.ahead().value_or(Duration(0));
}

void Workers::post(Event event) {
  if (auto* listed = std::get_if<event::WorkersListed>(&event)) {
    for (auto& worker : listed->workers) to_boot_clock(worker, ahead());
  }
  if (auto* seen = std::get_if<event::WorkerSeen>(&event)) to_boot_clock(seen->worker, ahead());
  outbox_.post(std::move(event));
}

void Workers::update(const std::function<Store::Events(Store&)>& news) {
  const std::lock_guard lock(mutex_);
  for (auto& event : news(store_)) post(std::move(event));
}

void Workers::answer(event::CreateAnswered answer, WorkerFacts job) {
  const std::lock_guard lock(mutex_);
  const event::WorkerGone gone{job.name, job.uid};
  const auto known = store_.job_created(job);
  answer.outcome.worker = known.value_or(std::move(job));
  to_boot_clock(*answer.outcome.worker, ahead());
  outbox_.post(Event(std::move(answer)));
  if (!known) outbox_.post(Event(gone));
}

std::vector<Store::Unready> Workers::unready() {
  const std::lock_guard lock(mutex_);
  return store_.unready();
}

std::optional<ServerTime> Workers::server_now() const {
  const auto difference = clock_.ahead();
  if (!difference) return std::nullopt;
  return BootClock::now() + *difference;
}

void Pace::begin() {
  const std::lock_guard lock(mutex_);
  begun_ = true;
  changed_.notify_all();
}

void Pace::list_anew(TimePoint since) {
  const std::lock_guard lock(mutex_);
  begun_ = true;
  since_ = std::max(since_, since);
  changed_.notify_all();
}

bool Pace::is_outdated(TimePoint asked_at) {
  const std::lock_guard lock(mutex_);
  return asked_at < since_;
}

bool Pace::sleep_until(TimePoint time, TimePoint asked_at) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return begun_ || stopped_; });
  changed_.wait_for(lock, time - BootClock::now(), [&] { return stopped_ || asked_at < since_; });
  return !stopped_;
}

void Pace::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void Session::list_anew(TimePoint since) {
  pace.list_anew(since);
  api.end_streams();
}

TimePoint Session::latest_sending(TimePoint decided_at) {
  return std::min(decided_at + kOldestDecision, leadership.until(BootClock::now()));
}

void Session::close() {
  outbox.silence();
  timers.stop();  // first: its tasks use the others
  api.close();
  lease.close();
}

}  // namespace jobscaler::kube
