#include "kube/session.h"

namespace jobscaler::kube {

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

bool Stopper::sleep_until(TimePoint time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time - BootClock::now(), [this] { return stopped_; });
  return !stopped_;
}

void Stopper::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

void Session::close() {
  outbox.silence();
  timers.stop();  // first: its tasks use the others
  api.close();
  lease.close();
}

}  // namespace jobscaler::kube
