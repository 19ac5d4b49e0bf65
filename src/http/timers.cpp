#include "http/timers.h"

#include <utility>  // Boost 1.74's asio uses it and does not include it

#include <pplx/threadpool.h>

#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <mutex>
#include <set>

namespace jobscaler::http {

using Timer = boost::asio::steady_timer;

struct Timers::Impl : std::enable_shared_from_this<Timers::Impl> {
  void fire(const std::shared_ptr<Timer>& timer, const std::function<void()>& task) {
    {
      const std::lock_guard lock(mutex);
      if (waiting.erase(timer) == 0) return;
      ++running;
    }
    task();
    const std::lock_guard lock(mutex);
    --running;
    idle.notify_all();
  }

  std::mutex mutex;
  std::condition_variable idle;
  bool stopped = false;
  std::set<std::shared_ptr<Timer>> waiting;
  int running = 0;
};

Timers::Timers() : impl_(std::make_shared<Impl>()) {}

Timers::~Timers() {
  stop();
}

void Timers::after(Duration delay, std::function<void()> task) {
  auto timer = std::make_shared<Timer>(crossplat::threadpool::shared_instance().service());
  timer->expires_after(std::chrono::duration_cast<Timer::duration>(delay));
  const std::lock_guard lock(impl_->mutex);
  if (impl_->stopped) return;
  impl_->waiting.insert(timer);
  timer->async_wait(
      [impl = impl_, timer, task = std::move(task)](const auto&) { impl->fire(timer, task); });
}

void Timers::stop() {
  std::unique_lock lock(impl_->mutex);
  impl_->stopped = true;
  for (const auto& timer : impl_->waiting) timer->cancel();
  impl_->waiting.clear();
  impl_->idle.wait(lock, [this] { return impl_->running == 0; });
}

}  // namespace jobscaler::http
