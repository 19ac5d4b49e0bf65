#include "kafka/cluster.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "jobscaler/format.h"

namespace jobscaler::kafka {
namespace {

/// Those that failed the last time go to the end, where they can use up only what time is left.
template <typename Map, typename Key>
std::vector<Key> promising_first(const Map& all, const std::set<Key>& silent) {
  std::vector<Key> order;
  for (const auto& [key, value] : all) order.push_back(key);
  std::stable_partition(order.begin(), order.end(),
                        [&](const Key& key) { return !silent.contains(key); });
  return order;
}

/// Asks one after the other. Who has failed is asked last the next time; who is left out, as
/// nothing is left of the time, has not failed.
template <typename Map, typename Key, typename Ask, typename LeaveOut>
void ask_each(const Map& all, std::set<Key>& silent, const Deadline& deadline, Ask ask,
              LeaveOut leave_out) {
  for (const Key& key : promising_first(all, silent)) {
    if (BootClock::now() >= deadline.at) {
      leave_out(key);
    } else if (ask(key)) {
      silent.erase(key);
    } else {
      silent.insert(key);
    }
  }
}

Error not_asked(const char* what, const Deadline& deadline) {
  return {ErrorKind::unavailable, fmt::format("not asked for {}, as the others took all of the {}",
                                              what, format_duration(deadline.timeout))};
}

template <typename Value>
bool any_unanswered(const std::map<Partition, Result<Value>>& answers) {
  return std::any_of(answers.begin(), answers.end(), [](const auto& answer) {
    return !answer.second && answer.second.error().kind == ErrorKind::unavailable;
  });
}

/// Stores the answers for those partitions that the task has.
template <typename Offset>
void store(const LogOffsets& answers, Offset Offsets::*where, std::map<Partition, Offsets>& offsets,
           std::optional<Error>& error) {
  for (auto& [partition, its] : offsets) {
    const auto answer = answers.find(partition);
    if (answer == answers.end()) continue;
    if (answer->second) {
      its.*where = *answer->second;
    } else {
      error = answer->second.error();
    }
  }
}

}  // namespace

Cluster::Cluster(KafkaConnection settings, const std::vector<Group>& groups)
    : settings_(std::move(settings)) {
  set_groups(groups);
}

void Cluster::set_groups(const std::vector<Group>& groups) {
  std::map<std::string, Group> next;
  std::set<std::string> names;
  for (const Group& group : groups) {
    next.emplace(group.scaler, group);
    names.insert(group.group);
  }
  std::erase_if(first_records_, [&](const auto& known) {
    const auto group = next.find(known.first);
    return group == next.end() || group->second != groups_.at(known.first);
  });
  std::erase_if(group_handles_, [&](const auto& handle) { return !names.contains(handle.first); });
  groups_ = std::move(next);
}

Round Cluster::read(const std::vector<std::string>& scalers) {
  Round round;
  round.taken_at = BootClock::now();
  Tasks tasks;
  for (const auto& scaler : scalers) {
    tasks.emplace(scaler, Task{&groups_.at(scaler), &first_records_[scaler], {}, {}});
  }
  if (tasks.empty()) return round;
  round.unreachable = find_partitions(tasks);
  if (!round.unreachable) {
    take_ends(tasks);
    take_committed(tasks);
    find_first_records(tasks);
  }
  for (auto& [scaler, task] : tasks) {
    if (round.unreachable) task.error = round.unreachable;
    if (task.error) {
      round.lags.emplace(scaler, *task.error);
      continue;
    }
    std::vector<PartitionLag> lags;
    for (const auto& [partition, offsets] : task.offsets) {
      const auto from = position(offsets, task.group->when_no_offset);
      lags.push_back(partition_lag(partition, offsets, task.group->when_no_offset,
                                   task.known->first(partition, from)));
    }
    round.lags.emplace(scaler, std::move(lags));
  }
  return round;
}

/// Returns why nothing can be known of any scaler.
std::optional<Error> Cluster::find_partitions(Tasks& tasks) {
  std::set<std::string> names;
  for (const auto& [scaler, task] : tasks) {
    names.insert(task.group->topics.begin(), task.group->topics.end());
  }
  const auto handle = log_handle(tasks.begin()->second.group->isolation);
  if (!handle) return handle.error();
  const auto topics = (*handle)->topics({names.begin(), names.end()}, Deadline(settings_.timeout));
  if (!topics) {
    // A password that is rejected may have been changed since it was read.
    if (topics.error().kind == ErrorKind::rejected) log_handles_.clear();
    return topics.error();
  }
  leaders_.clear();
  for (auto& [scaler, task] : tasks) find_partitions_of(task, *topics);
  return std::nullopt;
}

void Cluster::find_partitions_of(Task& task, const std::map<std::string, Result<Leaders>>& topics) {
  for (const auto& name : task.group->topics) {
    const auto topic = topics.find(name);
    if (topic == topics.end()) {
      task.error = {ErrorKind::malformed,
                    fmt::format("{} says nothing of topic {}", broker_list(settings_), name)};
      continue;
    }
    if (!topic->second) {
      task.error = topic->second.error();
      continue;
    }
    for (std::size_t number = 0; number < topic->second->size(); ++number) {
      const Partition partition{name, static_cast<std::int32_t>(number)};
      const auto leader = (*topic->second)[number];
      task.offsets.emplace(partition, Offsets{});
      leaders_[partition] = leader;
      if (leader >= 0) continue;
      task.error = {
          ErrorKind::unavailable,
          fmt::format("{} has no leader: are the brokers that hold it up?", to_string(partition))};
    }
  }
}

void Cluster::take_ends(Tasks& tasks) {
  const Deadline deadline(settings_.timeout);
  std::map<std::int32_t, LogBatch> batches;  // by leader, so that one that is frozen fails alone
  for (const auto& [scaler, task] : tasks) {
    if (task.error) continue;
    for (const auto& [partition, offsets] : task.offsets) {
      batches[leaders_.at(partition)][task.group->isolation].insert(partition);
    }
  }
  ask_each(
      batches, silent_leaders_, deadline,
      [&](std::int32_t leader) { return take_ends(tasks, batches.at(leader), deadline); },
      [&](std::int32_t leader) {
        for (auto& [scaler, task] : tasks) {
          if (task.error || !is_led(task, leader)) continue;
          task.error = not_asked("the ends of logs", deadline);
        }
      });
  for (auto& [scaler, task] : tasks) {
    if (task.error) continue;
    for (const auto& [partition, offsets] : task.offsets) {
      task.known->log_is(partition, offsets.start, offsets.end);
    }
  }
}

bool Cluster::is_led(const Task& task, std::int32_t leader) const {
  return std::any_of(task.offsets.begin(), task.offsets.end(),
                     [&](const auto& partition) { return leaders_.at(partition.first) == leader; });
}

/// False if the leader did not answer.
bool Cluster::take_ends(Tasks& tasks, const LogBatch& batch, const Deadline& deadline) {
  bool answered = true;
  for (const auto& [isolation, partitions] : batch) {
    const auto starts = log_offsets(isolation, partitions, Handle::LogEnd::start, deadline);
    const auto ends = log_offsets(isolation, partitions, Handle::LogEnd::end, deadline);
    answered = answered && !any_unanswered(starts) && !any_unanswered(ends);
    for (auto& [scaler, task] : tasks) {
      if (task.group->isolation != isolation) continue;
      store(starts, &Offsets::start, task.offsets, task.error);
      store(ends, &Offsets::end, task.offsets, task.error);
    }
  }
  return answered;
}

void Cluster::take_committed(Tasks& tasks) {
  const Deadline deadline(settings_.timeout);
  std::map<std::string, std::vector<Task*>> groups;
  for (auto& [scaler, task] : tasks) {
    if (!task.error) groups[task.group->group].push_back(&task);
  }
  ask_each(
      groups, silent_groups_, deadline,
      [&](const std::string& group) { return take_committed(group, groups.at(group), deadline); },
      [&](const std::string& group) {
        for (Task* task : groups.at(group)) task->error = not_asked("committed offsets", deadline);
      });
}

/// False if it was in vain: a refusal, too, takes time that others may need.
bool Cluster::take_committed(const std::string& group, const std::vector<Task*>& tasks,
                             const Deadline& deadline) {
  std::set<Partition> partitions;
  for (const Task* task : tasks) {
    for (const auto& [partition, offsets] : task->offsets) partitions.insert(partition);
  }
  const auto handle = group_handle(group);
  const Result<Positions> committed =
      handle ? (*handle)->committed({partitions.begin(), partitions.end()}, deadline)
             : Result<Positions>(handle.error());
  for (Task* task : tasks) {
    if (!committed) {
      task->error = committed.error();
      continue;
    }
    for (auto& [partition, offsets] : task->offsets) {
      const auto found = committed->find(partition);
      if (found != committed->end()) offsets.committed = found->second;
    }
  }
  check_beyond_end(tasks, deadline);
  if (!committed && committed.error().kind == ErrorKind::rejected) group_handles_.erase(group);
  return committed.ok();
}

/// A consumer may have read on since the ends were taken, or read unstable records although the
/// scaler does not count them: only what is beyond everything there is now was never written.
void Cluster::check_beyond_end(const std::vector<Task*>& tasks, const Deadline& deadline) {
  std::set<Partition> partitions;
  for (const Task* task : tasks) {
    if (task->error) continue;
    for (const auto& [partition, offsets] : task->offsets) {
      if (offsets.committed > offsets.end) partitions.insert(partition);
    }
  }
  if (partitions.empty()) return;
  const auto ends =
      log_offsets(Isolation::read_uncommitted, partitions, Handle::LogEnd::end, deadline);
  for (Task* task : tasks) {
    if (!task->error) store(ends, &Offsets::later_end, task->offsets, task->error);
  }
}

void Cluster::find_first_records(Tasks& tasks) {
  const Deadline deadline(settings_.timeout);
  std::set<std::string> last;
  for (const auto& [scaler, task] : tasks) {
    if (late_.erase(scaler) > 0) last.insert(scaler);
  }
  for (const bool is_last : {false, true}) {
    std::vector<Task*> some;
    for (auto& [scaler, task] : tasks) {
      if (last.contains(scaler) == is_last) some.push_back(&task);
    }
    for (const auto isolation : {Isolation::read_committed, Isolation::read_uncommitted}) {
      while (find_some_first_records(some, isolation, deadline)) {
      }
    }
  }
}

/// Reads one place in every partition where a place is to be read, for all groups that stand there.
/// False if there was none, or no time is left. Without a first record there is the lag all the
/// same: the leader has told the end, and may have to be asked for a great many records that were
/// aborted.
bool Cluster::find_some_first_records(const std::vector<Task*>& tasks, Isolation isolation,
                                      const Deadline& deadline) {
  struct Place {
    Task* task;
    Partition partition;
    std::int64_t position;
  };
  Positions wanted;
  std::vector<Place> places;
  for (Task* task : tasks) {
    if (task->error || task->group->isolation != isolation) continue;
    for (const auto& [partition, offsets] : task->offsets) {
      const auto from = position(offsets, task->group->when_no_offset);
      const auto read_from = task->known->to_read(partition, from);
      if (!read_from) continue;
      if (wanted.emplace(partition, *read_from).first->second != *read_from) continue;
      places.push_back({task, partition, from});
    }
  }
  if (wanted.empty() || BootClock::now() >= deadline.at) return false;
  const auto handle = log_handle(isolation);
  if (!handle) {
    for (const auto& place : places) place.task->error = handle.error();
    return true;
  }
  const auto found = (*handle)->first_records(wanted, deadline);
  for (const auto& [task, partition, from] : places) {
    const auto first = found.find(partition);
    if (first == found.end()) {
      late_.insert(task->group->scaler);
    } else if (first->second) {
      task->known->found(partition, from, wanted.at(partition), *first->second);
    } else {
      task->error = first->second.error();
    }
  }
  return true;
}

LogOffsets Cluster::log_offsets(Isolation isolation, const std::set<Partition>& partitions,
                                Handle::LogEnd which, const Deadline& deadline) {
  const auto handle = log_handle(isolation);
  if (handle) {
    return (*handle)->log_offsets({partitions.begin(), partitions.end()}, which, deadline);
  }
  LogOffsets offsets;
  for (const Partition& partition : partitions) offsets.emplace(partition, handle.error());
  return offsets;
}

Result<Handle*> Cluster::log_handle(Isolation isolation) {
  auto& handle = log_handles_[isolation];
  if (handle) return handle.get();
  const auto password = read_secret(settings_.security.password);
  if (!password) return password.error();
  const auto& group = groups_.begin()->second.group;
  auto opened = Handle::open(log_properties(settings_, *password, group, isolation));
  if (!opened) return opened.error();
  handle = std::move(*opened);
  return handle.get();
}

Result<Handle*> Cluster::group_handle(const std::string& group) {
  auto& handle = group_handles_[group];
  if (handle) return handle.get();
  const auto password = read_secret(settings_.security.password);
  if (!password) return password.error();
  auto opened = Handle::open(group_properties(settings_, *password, group));
  if (!opened) return opened.error();
  handle = std::move(*opened);
  return handle.get();
}

}  // namespace jobscaler::kafka
