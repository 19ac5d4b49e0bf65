#include "kafka/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "kafka/cluster.h"
#include "kafka/episode.h"
#include "kafka/lag.h"
#include "kafka/properties.h"

namespace jobscaler::kafka {
namespace {

constexpr Duration kGoodByeTime = std::chrono::seconds(1);
constexpr Standing kToldStandings[] = {Standing::no_offset, Standing::below_start,
                                       Standing::beyond_end};

}  // namespace

class Connection::Impl {
 public:
  Impl(KafkaConnection settings, const std::vector<Group>& groups, Outbox& outbox);

  void read(const std::string& scaler);
  void set_groups(const std::vector<Group>& groups);
  void run();
  bool stop();

 private:
  /// What is told of a scaler's group.
  struct Scaler {
    Group group;
    Episode failing;
    std::map<Standing, Episode> standings;
    std::map<std::string, std::size_t> partitions;  // by topic
    bool delays = false;  // the last reading failed, or some of it did not come in time
  };

  void take_up(const std::vector<Group>& groups);
  std::optional<std::vector<std::string>> take_requests();
  void read_all(const std::vector<std::string>& scalers);
  void read_round(const std::vector<std::string>& scalers);
  void tell_reachable(const std::optional<Error>& unreachable);
  void take(const std::string& name, const Result<std::vector<PartitionLag>>& lags,
            const Round& round);
  void tell_failure(Scaler& scaler, const Error& error);
  void tell_lags(Scaler& scaler, const std::vector<PartitionLag>& lags);
  void tell_standings(Scaler& scaler, const std::vector<PartitionLag>& lags);
  void tell_partitions(Scaler& scaler, const std::vector<PartitionLag>& lags);

  template <typename Item>
  void post(Item item) {
    const std::lock_guard lock(mutex_);
    if (!stopping_) outbox_.post(std::move(item));
  }
  void post(const Scaler& scaler, Result<Reading> reading);
  void tell(Level level, const std::string& text) { post(Note{level, subject_, text}); }

  const std::string subject_;
  const std::string brokers_;
  Outbox& outbox_;  // gone, perhaps, once stopping

  std::mutex mutex_;  // guards the next four, and posting
  std::condition_variable changed_;
  std::set<std::string> requested_;
  std::optional<std::vector<Group>> next_groups_;  // not taken up by the thread yet
  bool stopping_ = false;
  bool ended_ = false;

  // The thread's own.
  std::map<std::string, Scaler> scalers_;
  std::optional<Cluster> cluster_;
  Episode unreachable_;
  bool connected_ = false;
};

Connection::Impl::Impl(KafkaConnection settings, const std::vector<Group>& groups, Outbox& outbox)
    : subject_("kafka " + settings.name), brokers_(broker_list(settings)), outbox_(outbox) {
  for (const Group& group : groups)
    scalers_.emplace(group.scaler, Scaler{group, {}, {}, {}, false});
  cluster_.emplace(std::move(settings), groups);
}

void Connection::Impl::read(const std::string& scaler) {
  const std::lock_guard lock(mutex_);
  requested_.insert(scaler);
  changed_.notify_all();
}

void Connection::Impl::set_groups(const std::vector<Group>& groups) {
  const std::lock_guard lock(mutex_);
  next_groups_ = groups;
  changed_.notify_all();
}

void Connection::Impl::take_up(const std::vector<Group>& groups) {
  std::map<std::string, Scaler> scalers;
  for (const Group& group : groups) {
    const auto known = scalers_.find(group.scaler);
    if (known != scalers_.end() && known->second.group == group) {
      scalers.insert(scalers_.extract(known));
    } else {
      scalers.emplace(group.scaler, Scaler{group, {}, {}, {}, false});
    }
  }
  scalers_ = std::move(scalers);
  cluster_->set_groups(groups);
}

/// Returns whether the thread is at its end.
bool Connection::Impl::stop() {
  std::unique_lock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, kGoodByeTime, [this] { return ended_; });
}

void Connection::Impl::run() {
  while (const auto requests = take_requests()) {
    if (!requests->empty()) read_all(*requests);
  }
  cluster_.reset();
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::optional<std::vector<std::string>> Connection::Impl::take_requests() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !requested_.empty(); });
  if (stopping_) return std::nullopt;
  const auto groups = std::exchange(next_groups_, {});
  const auto requested = std::exchange(requested_, {});
  lock.unlock();  // closing librdkafka's handles takes a while
  if (groups) take_up(*groups);
  std::vector<std::string> known;
  std::copy_if(requested.begin(), requested.end(), std::back_inserter(known),
               [this](const std::string& scaler) { return scalers_.contains(scaler); });
  return known;
}

/// Those that may delay the others have a round of their own, after theirs: a reading that waits
/// for them to be posted may be too old by then.
void Connection::Impl::read_all(const std::vector<std::string>& scalers) {
  std::vector<std::string> prompt, delaying;
  for (const auto& name : scalers) {
    (scalers_.at(name).delays ? delaying : prompt).push_back(name);
  }
  for (const auto& part : {prompt, delaying}) {
    if (!part.empty()) read_round(part);
  }
}

void Connection::Impl::read_round(const std::vector<std::string>& scalers) {
  const Round round = cluster_->read(scalers);
  tell_reachable(round.unreachable);
  for (const auto& [name, lags] : round.lags) take(name, lags, round);
}

void Connection::Impl::tell_reachable(const std::optional<Error>& unreachable) {
  const auto now = BootClock::now();
  if (unreachable) {
    const auto news = unreachable_.holds(unreachable->message, now);
    if (news) tell(Level::warn, *news + "; trying again with every reading");
    return;
  }
  if (const auto again = unreachable_.over(now)) {
    tell(Level::info, fmt::format("connected to {} again {}", brokers_, *again));
  } else if (!connected_) {
    tell(Level::info, "connected to " + brokers_);
  }
  connected_ = true;
}

void Connection::Impl::take(const std::string& name, const Result<std::vector<PartitionLag>>& lags,
                            const Round& round) {
  Scaler& scaler = scalers_.at(name);
  scaler.delays = !lags || std::any_of(lags->begin(), lags->end(), is_first_missing);
  if (lags) {
    tell_lags(scaler, *lags);
    return post(scaler, make_reading(*lags, scaler.group.limit_to, round.taken_at,
                                     std::chrono::system_clock::now()));
  }
  if (!round.unreachable) tell_failure(scaler, lags.error());
  Error error = lags.error();
  error.message = fmt::format("{}: {}", subject_, error.message);
  post(scaler, error);
}

/// Unless the scaler reads another group by now: nobody could tell whose messages these are.
void Connection::Impl::post(const Scaler& scaler, Result<Reading> reading) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  if (next_groups_ &&
      std::find(next_groups_->begin(), next_groups_->end(), scaler.group) == next_groups_->end()) {
    return;
  }
  outbox_.post(event::ReadingTaken{scaler.group.scaler, std::move(reading)});
}

void Connection::Impl::tell_failure(Scaler& scaler, const Error& error) {
  const auto news = scaler.failing.holds(error.message, BootClock::now());
  if (news) tell(Level::warn, fmt::format("group {}: {}", scaler.group.group, *news));
}

void Connection::Impl::tell_lags(Scaler& scaler, const std::vector<PartitionLag>& lags) {
  const auto& group = scaler.group.group;
  tell(Level::debug, fmt::format("group {}: {}", group, lag_text(lags)));
  if (const auto again = scaler.failing.over(BootClock::now())) {
    tell(Level::info, fmt::format("group {}: can be read again {}", group, *again));
  }
  tell_partitions(scaler, lags);
  tell_standings(scaler, lags);
}

void Connection::Impl::tell_partitions(Scaler& scaler, const std::vector<PartitionLag>& lags) {
  std::map<std::string, std::size_t> partitions;
  for (const PartitionLag& lag : lags) ++partitions[lag.partition.topic];
  const auto before = std::exchange(scaler.partitions, partitions);
  for (const auto& [topic, count] : before) {
    if (partitions[topic] == count) continue;
    tell(Level::info, fmt::format("group {}: topic {} has {} partitions now, {} before",
                                  scaler.group.group, topic, partitions[topic], count));
  }
}

void Connection::Impl::tell_standings(Scaler& scaler, const std::vector<PartitionLag>& lags) {
  const auto now = BootClock::now();
  const auto& group = scaler.group;
  for (const Standing standing : kToldStandings) {
    Episode& episode = scaler.standings[standing];
    const auto text = standing_text(standing, lags, group.when_no_offset);
    if (text) {
      // The partitions may change while it lasts: told once all the same.
      const bool news = episode.holds("", now).has_value();
      if (news) tell(Level::warn, fmt::format("group {} {}", group.group, *text));
    } else if (const auto after = episode.over(now)) {
      tell(Level::info,
           fmt::format("group {} {} {}", group.group, standing_over_text(standing), *after));
    }
  }
}

Connection::Connection(KafkaConnection settings, const std::vector<Group>& groups, Outbox& outbox)
    : impl_(std::make_shared<Impl>(std::move(settings), groups, outbox)),
      thread_([impl = impl_] { impl->run(); }) {}
Connection::~Connection() {
  stop();
}
void Connection::read(const std::string& scaler) {
  impl_->read(scaler);
}
void Connection::set_groups(const std::vector<Group>& groups) {
  impl_->set_groups(groups);
}
void Connection::stop() {
  if (!thread_.joinable()) return;  // it was stopped before
  if (impl_->stop()) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

}  // namespace jobscaler::kafka
