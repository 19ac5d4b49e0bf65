#include "fake_daemon.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace jobscaler::scenario {
namespace {

constexpr Duration kOneWay = milliseconds(20);   // to the API server or back
constexpr Duration kHandOver = milliseconds(1);  // from the loop to the thread that does the I/O
constexpr Duration kRequestTimeout = seconds(2);
constexpr Duration kOldestDecision = seconds(2);
constexpr Duration kReadTime = milliseconds(5);
constexpr Duration kListAgain = milliseconds(800);
// Of the election, as the real one has them.
constexpr Duration kLook = seconds(2);
constexpr Duration kRenewDeadline = seconds(10);
constexpr Duration kExpiry = seconds(12);

}  // namespace

FakeDaemon::FakeDaemon(World& world, FakeCluster& cluster, EngineSpec spec, Listener listener)
    : world_(world), cluster_(cluster), spec_(std::move(spec)), listener_(std::move(listener)) {}

void FakeDaemon::start() {
  REQUIRE_FALSE(running());
  ++life_;
  frozen_ = false;
  engine_ = std::make_unique<Engine>(spec_, world_.now());
  watch_ = cluster_.watch([this](const Event& event) { hear(event); });
  if (elects) {
    post(event::LeadershipChanged{false, ""});
    look_at_lease();
  }
  mend_watch();
  pump();
}

void FakeDaemon::kill() {
  ++life_;
  ++connection_;
  engine_.reset();
  if (watch_) cluster_.unwatch(*watch_);
  watch_.reset();
  watch_up_ = false;
  watching_ = false;
  deaf_ = false;
  leads_ = false;
  in_flight_.clear();
  missed_.clear();
  known_pods_.clear();
  pods_asked_at_.reset();
  mailbox_.clear();
  when_thawed_.clear();
  creates_under_way_.clear();
  reads_under_way_.clear();
  old_news_.clear();
}

void FakeDaemon::stop() {
  kill();
  if (cluster_.lease.holder == this) cluster_.lease.holder = nullptr;
}

/// Reads it and, if it is ours or nobody's, writes it.
void FakeDaemon::look_at_lease() {
  auto& lease = cluster_.lease;
  const TimePoint now = world_.now();
  const bool expired = now >= lease.renewed + kExpiry;
  if (lease.holder == nullptr || lease.holder == this || expired) {
    lease = {this, now};
    leads_until_ = now + kRenewDeadline;
    if (!std::exchange(leads_, true)) lead();
  } else if (std::exchange(leads_, false)) {
    leads_until_ = TimePoint::min();
    post(event::LeadershipChanged{false, "the other"});
  }
  later(kLook, [this] { look_at_lease(); });
}

/// As the real client does: tells it, and lists what the one before may have done last.
void FakeDaemon::lead() {
  leads_since_ = world_.now();
  post(event::LeadershipChanged{true, "", leads_since_});
  relist();
}

bool FakeDaemon::is_too_late(TimePoint decided_at) const {
  const TimePoint now = world_.now();
  return now - decided_at > kOldestDecision || (elects && (!leads_ || now > leads_until_));
}

void FakeDaemon::freeze() {
  frozen_ = true;
}

void FakeDaemon::thaw() {
  if (!frozen_) return;
  frozen_ = false;
  const auto waiting = std::exchange(when_thawed_, {});
  for (const auto& what : waiting) what();
}

void FakeDaemon::cut_watch() {
  if (!watch_up_) return;
  watch_up_ = false;
  ++connection_;
  if (std::exchange(watching_, false)) current_at_ = world_.now();
  missed_.insert(missed_.begin(), in_flight_.begin(), in_flight_.end());
  in_flight_.clear();
  post(event::WatchChanged{false, current_at_, "connection reset by peer"});
}

void FakeDaemon::mend_watch(Return how) {
  if (watch_up_ || !running()) return;
  watch_up_ = true;
  const bool behind = !pods_asked_at_ || (elects && *pods_asked_at_ < leads_since_);
  if (how == Return::lists || behind) return list(true);
  later(kOneWay, [this, how, connection = connection_] {
    if (connection != connection_) return;
    post(event::WatchChanged{true, world_.now(), ""});
    if (how == Return::too_old) return list(false);
    go_on();
  });
}

void FakeDaemon::relist() {
  if (watch_up_) list(false);
}

void FakeDaemon::list(bool then_up) {
  const TimePoint asked_at = world_.now();
  later(list_time - kOneWay, [this, asked_at, then_up, connection = connection_] {
    if (connection != connection_) return;
    if (std::exchange(faults.fail_next_list, false)) return list_failed();
    if (pods_lag == Duration::zero() || !pods_asked_at_) {
      return both_listed(asked_at, then_up);
    }
    jobs_listed(asked_at, then_up);
  });
}

/// The engine has to know by itself that it has not been in the picture for longer.
void FakeDaemon::list_failed() {
  post(event::WatchChanged{false, world_.now(), "cannot list: boom"});
  later(kListAgain, [this, connection = connection_] {
    if (connection == connection_) list(true);
  });
}

/// As the real client does: the marks are read when a list of Jobs is in, and told before it. A Job
/// that the list does not show any more is then in the marks.
void FakeDaemon::jobs_listed(TimePoint asked_at, bool then_up) {
  later(kOneWay, [=, this, connection = connection_, workers = with_known_pods(cluster_.list())] {
    if (connection != connection_) return;
    post(event::MarksLoaded{cluster_.marks});
    post(event::WorkersListed{workers, asked_at, pods_asked_at_});
  });
  later(pods_lag, [=, this, connection = connection_] {
    if (connection == connection_) both_listed(asked_at, then_up);
  });
}

void FakeDaemon::both_listed(TimePoint asked_at, bool then_up) {
  const auto in_the_list = static_cast<std::ptrdiff_t>(missed_.size());
  later(kOneWay, [=, this, connection = connection_, workers = cluster_.list()] {
    if (connection != connection_) return;
    post(event::MarksLoaded{cluster_.marks});
    post(event::WorkersListed{workers, asked_at, asked_at});
    if (then_up) post(event::WatchChanged{true, world_.now(), ""});
    pods_asked_at_ = asked_at;
    for (const WorkerFacts& worker : workers) known_pods_[worker.uid] = worker.pod;
    missed_.erase(missed_.begin(), missed_.begin() + in_the_list);
    go_on();
  });
}

void FakeDaemon::go_on() {
  watching_ = true;
  deaf_ = false;
  for (const Event& event : std::exchange(missed_, {})) hear(event);
}

std::vector<WorkerFacts> FakeDaemon::with_known_pods(std::vector<WorkerFacts> workers) const {
  for (WorkerFacts& worker : workers) {
    const auto known = known_pods_.find(worker.uid);
    worker.pod = known == known_pods_.end() ? std::nullopt : known->second;
  }
  return workers;
}

void FakeDaemon::hear(const Event& event) {
  if (deaf_) return;
  if (!watching_) return missed_.push_back(event);
  in_flight_.push_back(event);
  later(watch_delay, [this, connection = connection_] {
    if (connection != connection_) return;
    post(in_flight_.front());
    in_flight_.pop_front();
  });
  const auto* seen = std::get_if<event::WorkerSeen>(&event);
  if (seen == nullptr) return;
  known_pods_[seen->worker.uid] = seen->worker.pod;
  if (faults.stale_events == 0) return;
  old_news_.push_back(seen->worker);
  if (!world_.chance(faults.stale_events)) return;
  const WorkerFacts old = old_news_[world_.pick(old_news_.size())];
  // A stale version is followed by the present one, as after any hiccup of a cache.
  later(watch_delay + milliseconds(1), [this, old, connection = connection_] {
    if (connection == connection_) post(event::WorkerSeen{old});
  });
  later(watch_delay + milliseconds(2), [this, name = old.name, connection = connection_] {
    if (connection == connection_ && cluster_.exists(name))
      post(event::WorkerSeen{cluster_.facts(name)});
  });
}

void FakeDaemon::later(Duration delay, std::function<void()> what) {
  world_.after(delay, [this, life = life_, what = std::move(what)] {
    if (life != life_) return;
    if (frozen_) {
      when_thawed_.push_back(what);
    } else {
      what();
    }
  });
}

void FakeDaemon::post(const Event& event) {
  mailbox_.push_back(event);
  if (!std::exchange(pumping_, true)) {
    later(Duration::zero(), [this] { pump(); });
    world_.after(Duration::zero(), [this] { pumping_ = false; });
  }
}

void FakeDaemon::reconfigure(const Reconfiguration& change) {
  spec_ = change.spec;
  later(Duration::zero(), [this, change] {
    if (!running()) return;
    const auto is_kept = [&](const std::string& name) {
      return std::any_of(change.spec.scalers.begin(), change.spec.scalers.end(),
                         [&](const ScalerSpec& scaler) { return scaler.name == name; }) &&
             !change.new_queues.contains(name);
    };
    // What is asked of a queue that is not read any more gets no answer.
    std::erase_if(reads_under_way_, [&](const auto& read) {
      if (is_kept(read.first)) return false;
      ++queues_[read.first];
      return true;
    });
    engine_->reconfigure(change, world_.now());
    pump();
  });
}

void FakeDaemon::pump() {
  if (!running()) return;
  for (const Event& event : std::exchange(mailbox_, {})) engine_->apply(event, world_.now());
  for (const Action& action : engine_->step(world_.now())) {
    listener_(*this, action);
    carry_out(action);
  }
  REQUIRE(engine_->next_wakeup() > world_.now());
  sleep_until(engine_->next_wakeup());
}

void FakeDaemon::sleep_until(TimePoint when) {
  const std::uint64_t alarm = ++alarm_;
  later(when - world_.now(), [this, alarm] {
    if (alarm == alarm_) pump();
  });
}

void FakeDaemon::carry_out(const Action& action) {
  if (const auto* start = std::get_if<action::StartWorker>(&action)) {
    INFO("a second create of " << start->scaler << " while one has no answer");
    REQUIRE(++creates_under_way_[start->scaler] == 1);
    later(kHandOver, [this, start = *start] { send_create(start); });
  } else if (const auto* remove = std::get_if<action::DeleteWorker>(&action)) {
    this->remove(*remove);
  } else if (const auto* mark = std::get_if<action::RecordMark>(&action)) {
    record(*mark);
  } else if (const auto* ask = std::get_if<action::ReadQueue>(&action)) {
    read(ask->scaler);
  }
}

/// The Lease is read and then written.
void FakeDaemon::record(const action::RecordMark& mark) {
  marks_written_at_ = world_.now() + 3 * kOneWay;
  later(2 * kOneWay, [this, mark] {
    world_.after(kOneWay, [this, mark] {
      auto& recorded = cluster_.marks[mark.scaler];
      recorded = std::max(recorded, mark.number);
    });
  });
}

/// Not before the marks are written.
void FakeDaemon::remove(const action::DeleteWorker& remove) {
  later(marks_written_at_ - world_.now(), [this, remove] {
    if (is_too_late(remove.decided_at)) return;
    world_.after(kOneWay, [this, remove] { cluster_.remove(remove.name, remove.uid); });
  });
}

void FakeDaemon::send_create(const action::StartWorker& start) {
  if (is_too_late(start.decided_at)) {
    return answer(start, {CreateOutcome::Kind::too_old, std::nullopt, "", std::nullopt});
  }
  const Duration delay = std::exchange(faults.delay_next_create, Duration::zero());
  if (delay > Duration::zero()) return settle_lost_create(start, delay);
  if (world_.chance(faults.late_creates)) {
    return settle_lost_create(start, milliseconds(world_.pick(5000)));
  }
  if (std::exchange(faults.lose_next_create, false) || world_.chance(faults.lost_creates)) {
    return settle_lost_create(start, Duration::max());
  }
  create_sent(start);
}

void FakeDaemon::create_sent(const action::StartWorker& start) {
  const bool lost =
      std::exchange(faults.lose_next_answer, false) || world_.chance(faults.lost_answers);
  const int life = life_;
  // The request is on its way: whatever becomes of the daemon, it arrives.
  world_.after(kOneWay, [this, start, lost, life] {
    const CreateOutcome outcome = cluster_.create(start);
    if (life != life_) return;
    if (lost) {
      later(kRequestTimeout, [this, start] { settle_lost_create(start, Duration::max()); });
    } else {
      later(kOneWay, [this, start, outcome] { answer(start, outcome); });
    }
  });
}

/// No answer came: the name is read back. `late`: the request arrives after so long all the same.
void FakeDaemon::settle_lost_create(const action::StartWorker& start, Duration late) {
  if (late != Duration::max()) world_.after(late, [this, start] { cluster_.create(start); });
  later(kRequestTimeout, [this, start] {
    const std::string name = start.scaler + "-" + std::to_string(start.number);
    const auto found = cluster_.look_up(name);
    answer(start, found.value_or(CreateOutcome{CreateOutcome::Kind::not_created, std::nullopt,
                                               "timed out after 2s", std::nullopt}));
  });
}

void FakeDaemon::answer(const action::StartWorker& start, CreateOutcome outcome) {
  --creates_under_way_[start.scaler];
  post(event::CreateAnswered{start.scaler, start.number, std::move(outcome)});
}

void FakeDaemon::read(const std::string& scaler) {
  const auto spec = std::find_if(spec_.scalers.begin(), spec_.scalers.end(),
                                 [&](const ScalerSpec& s) { return s.name == scaler; });
  if (const auto asked = reads_under_way_.find(scaler); asked != reads_under_way_.end()) {
    INFO("a second reading of " << scaler << " while one has no answer");
    REQUIRE(world_.now() - asked->second >= 3 * spec->poll_interval);
  }
  reads_under_way_[scaler] = world_.now();
  const TimePoint asked_at = world_.now();
  later(kReadTime, [this, scaler, asked_at, queue = queues_[scaler]] {
    if (queue != queues_[scaler]) return;
    reads_under_way_.erase(scaler);
    Result<Reading> reading = cluster_.queue(scaler).read();
    if (world_.chance(faults.failed_reads)) {
      reading = Error{ErrorKind::unavailable, "rabbitmq rabbit: timed out after 2s"};
    }
    if (reading) (*reading).taken_at = asked_at;
    post(event::ReadingTaken{scaler, reading});
  });
}

}  // namespace jobscaler::scenario
