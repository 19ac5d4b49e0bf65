#include "rabbitmq/connection.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "rabbitmq/dial.h"
#include "rabbitmq/link.h"
#include "rabbitmq/management.h"
#include "rabbitmq/queue_state.h"

namespace jobscaler::rabbitmq {
namespace {

constexpr Duration kGoodByeTime = std::chrono::milliseconds(200);

/// But for how often it is read.
bool is_same(const Queue& a, const Queue& b) {
  return a.scaler == b.scaler && a.queue == b.queue && a.age == b.age;
}

}  // namespace

class Connection::Impl {
 public:
  Impl(RabbitmqConnection settings, const std::vector<Queue>& queues, Outbox& outbox);

  void read(const std::string& scaler);
  void set_queues(const std::vector<Queue>& queues);
  void stop();

 private:
  struct Scaler {
    Queue queue;
    QueueState state;
    bool readable = false;  // over AMQP, the last time
    Outage stats_outage;    // of this queue alone
  };

  void run();
  void take_up_next();
  void take_up(const std::vector<Queue>& queues);
  std::optional<std::vector<std::string>> take_requests();
  void wait_for_work();

  void read_all(const std::vector<std::string>& scalers);
  void take_depth(const std::string& scaler, const Result<Depth>& depth);
  void post(const Scaler& scaler, Result<Reading> reading);
  void forget_if_lost();

  void ask_management(const std::vector<std::string>& scalers);
  void take_management();
  void take_stats(const StatsAnswer& answer);
  void take_failure(Scaler& scaler, const StatsAnswer& answer);
  bool is_of_interest(const std::string& queue) const;
  void note_api_failure(const StatsAnswer& answer);

  void tell(Level level, const std::string& text) {
    if (!interrupt_.triggered()) outbox_.post(Note{level, subject_, text});
  }

  const RabbitmqConnection settings_;
  const std::string subject_;
  Outbox& outbox_;

  std::mutex mutex_;  // guards the next four
  std::condition_variable ended_changed_;
  std::set<std::string> requested_;
  bool stopping_ = false;
  bool ended_ = false;
  const UniqueFd wake_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  Interrupt interrupt_;

  std::mutex next_mutex_;                          // guards the next one, and posting readings
  std::optional<std::vector<Queue>> next_queues_;  // not taken up by the thread yet

  // The thread's own.
  std::map<std::string, Scaler> scalers_;
  Link link_;
  std::uint64_t losses_seen_ = 0;
  std::unique_ptr<Management> management_;
  Outage management_outage_;
  std::set<std::string> failed_in_outage_;  // that have not been answered since

  std::thread thread_;
};

Connection::Impl::Impl(RabbitmqConnection settings, const std::vector<Queue>& queues,
                       Outbox& outbox)
    : settings_(std::move(settings)),
      subject_("rabbitmq " + settings_.name),
      outbox_(outbox),
      link_(settings_, interrupt_,
            [this](Level level, const std::string& text) { tell(level, text); }) {
  take_up(queues);
  if (settings_.management) management_ = std::make_unique<Management>(settings_);
  thread_ = std::thread([this] { run(); });
}

void Connection::Impl::read(const std::string& scaler) {
  {
    const std::lock_guard lock(mutex_);
    requested_.insert(scaler);
  }
  eventfd_write(wake_.get(), 1);
}

void Connection::Impl::set_queues(const std::vector<Queue>& queues) {
  const std::lock_guard lock(next_mutex_);
  next_queues_ = queues;
  eventfd_write(wake_.get(), 1);
}

void Connection::Impl::take_up_next() {
  const std::lock_guard lock(next_mutex_);
  if (const auto queues = std::exchange(next_queues_, {})) take_up(*queues);
}

void Connection::Impl::take_up(const std::vector<Queue>& queues) {
  std::map<std::string, Scaler> scalers;
  for (const Queue& queue : queues) {
    const auto known = scalers_.find(queue.scaler);
    if (known == scalers_.end() || !is_same(known->second.queue, queue)) {
      QueueState state(queue.age, queue.poll_interval, settings_.management.has_value());
      scalers.emplace(queue.scaler, Scaler{queue, std::move(state), false, Outage{}});
      continue;
    }
    known->second.queue = queue;
    known->second.state.set_poll_interval(queue.poll_interval);
    scalers.insert(scalers_.extract(known));
  }
  scalers_ = std::move(scalers);
  std::erase_if(failed_in_outage_, [this](const auto& queue) { return !is_of_interest(queue); });
}

void Connection::Impl::stop() {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    eventfd_write(wake_.get(), 1);
    ended_changed_.wait_for(lock, kGoodByeTime, [this] { return ended_; });
  }
  interrupt_.trigger();
  if (management_) management_->stop();
  if (thread_.joinable()) thread_.join();
}

void Connection::Impl::run() {
  while (const auto requests = take_requests()) {
    take_management();
    link_.tend();
    forget_if_lost();
    if (!requests->empty()) read_all(*requests);
    wait_for_work();
  }
  link_.close();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  ended_changed_.notify_all();
}

std::optional<std::vector<std::string>> Connection::Impl::take_requests() {
  const std::lock_guard lock(mutex_);
  eventfd_t count = 0;
  eventfd_read(wake_.get(), &count);
  if (stopping_) return std::nullopt;
  take_up_next();
  const auto requested = std::exchange(requested_, {});
  std::vector<std::string> known;
  std::copy_if(requested.begin(), requested.end(), std::back_inserter(known),
               [this](const std::string& scaler) { return scalers_.contains(scaler); });
  return known;
}

void Connection::Impl::wait_for_work() {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(link_.next_attention() - BootClock::now());
  pollfd fds[] = {
      {wake_.get(), POLLIN, 0}, {interrupt_.fd(), POLLIN, 0}, {link_.socket(), POLLIN, 0}};
  poll(fds, 3, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
}

void Connection::Impl::read_all(const std::vector<std::string>& scalers) {
  ask_management(scalers);
  std::vector<std::string> queues;
  for (const auto& scaler : scalers) queues.push_back(scalers_.at(scaler).queue.queue);
  link_.read(queues, [&](std::size_t i, const Result<Depth>& depth) {
    forget_if_lost();
    take_depth(scalers[i], depth);
  });
  forget_if_lost();
}

void Connection::Impl::take_depth(const std::string& name, const Result<Depth>& depth) {
  Scaler& scaler = scalers_.at(name);
  scaler.readable = depth.ok();
  if (depth) {
    const auto reading = scaler.state.take(*depth, std::chrono::system_clock::now());
    return post(scaler, reading);
  }
  scaler.state.interrupted(BootClock::now());
  Error error = depth.error();
  if (error.kind == ErrorKind::cancelled) return;
  error.message = fmt::format("{}: {}", subject_, error.message);
  post(scaler, error);
}

/// Unless the scaler reads another queue by now: nobody could tell whose messages these are.
void Connection::Impl::post(const Scaler& scaler, Result<Reading> reading) {
  const std::lock_guard lock(next_mutex_);
  if (next_queues_ && std::none_of(next_queues_->begin(), next_queues_->end(),
                                   [&](const Queue& q) { return is_same(q, scaler.queue); })) {
    return;
  }
  outbox_.post(event::ReadingTaken{scaler.queue.scaler, std::move(reading)});
}

/// Whatever a broker that went away did to its queues was not seen.
void Connection::Impl::forget_if_lost() {
  if (link_.losses() == losses_seen_) return;
  losses_seen_ = link_.losses();
  for (auto& [name, scaler] : scalers_) scaler.state.interrupted(BootClock::now());
}

void Connection::Impl::ask_management(const std::vector<std::string>& scalers) {
  if (!management_) return;
  std::vector<std::string> queues;
  for (const auto& scaler : scalers) queues.push_back(scalers_.at(scaler).queue.queue);
  management_->request(queues);
}

void Connection::Impl::take_management() {
  if (!management_) return;
  for (const auto& answer : management_->take()) take_stats(answer);
  if (!failed_in_outage_.empty()) return;
  if (const auto again = management_outage_.recovered(BootClock::now())) {
    tell(Level::info, "management API answers again " + *again);
  }
}

void Connection::Impl::take_stats(const StatsAnswer& answer) {
  if (!answer.sample && answer.sample.error().kind == ErrorKind::cancelled) return;
  note_api_failure(answer);
  for (auto& [name, scaler] : scalers_) {
    if (scaler.queue.queue != answer.queue) continue;
    if (!answer.sample) {
      take_failure(scaler, answer);
      continue;
    }
    scaler.state.take(*answer.sample);
    scaler.stats_outage.recovered(answer.sample->answered);
  }
}

void Connection::Impl::take_failure(Scaler& scaler, const StatsAnswer& answer) {
  scaler.state.stats_failed();
  // A queue that AMQP does not know either is told of there.
  if (answer.whole_api || !scaler.readable) return;
  const auto news = scaler.stats_outage.failed(answer.sample.error().message, BootClock::now());
  if (news) tell(Level::warn, *news);
}

/// An empty name is that of the broker's nodes.
bool Connection::Impl::is_of_interest(const std::string& queue) const {
  return queue.empty() || std::any_of(scalers_.begin(), scalers_.end(), [&](const auto& one) {
           return one.second.queue.queue == queue;
         });
}

void Connection::Impl::note_api_failure(const StatsAnswer& answer) {
  if (!is_of_interest(answer.queue)) return;
  if (answer.sample || !answer.whole_api) {
    failed_in_outage_.erase(answer.queue);
    return;
  }
  failed_in_outage_.insert(answer.queue);
  const auto& error = answer.sample.error();
  if (const auto news = management_outage_.failed(error.message, BootClock::now())) {
    tell(Level::warn, *news +
                          "; going on with AMQP alone: nothing known of messages in flight, ages "
                          "by `bound`");
  }
}

Connection::Connection(RabbitmqConnection settings, const std::vector<Queue>& queues,
                       Outbox& outbox)
    : impl_(std::make_unique<Impl>(std::move(settings), queues, outbox)) {}
Connection::~Connection() {
  impl_->stop();
}
void Connection::read(const std::string& scaler) {
  impl_->read(scaler);
}
void Connection::set_queues(const std::vector<Queue>& queues) {
  impl_->set_queues(queues);
}
void Connection::stop() {
  impl_->stop();
}

}  // namespace jobscaler::rabbitmq
