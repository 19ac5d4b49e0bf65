#include "kube/marks.h"

#include <cpprest/json.h>
#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <memory>

namespace jobscaler::kube {

// ------------------------------------------------------------------------------------------ reads

std::optional<Error> Marks::load() {
  const auto marks = read_or_create();
  if (!marks.ok()) return marks.error();
  session_.outbox.post(Event(event::MarksLoaded{*marks}));
  {
    const std::lock_guard lock(mutex_);
    // Whoever deleted the Lease meanwhile did not mean the names to start over.
    for (const auto& [scaler, number] : written_) {
      wanted_[scaler] = std::max(wanted_[scaler], number);
    }
    written_ = *marks;
    if (writing_ || !is_behind()) return std::nullopt;
    writing_ = true;
  }
  write();
  return std::nullopt;
}

Result<MarkMap> Marks::read_or_create() {
  MarkMap marks;
  const auto done = std::make_shared<std::promise<LeaseWriter::Outcome>>();
  session_.lease.change(
      [&](const Json* lease) -> std::optional<std::string> {
        if (lease == nullptr) return session_.lease.fresh({});
        marks = told_by(*lease);
        return std::nullopt;
      },
      [done](const LeaseWriter::Outcome& outcome) { done->set_value(outcome); });
  const auto outcome = done->get_future().get();
  if (outcome.kind != LeaseWriter::Outcome::Kind::done) return outcome.error;
  return marks;
}

MarkMap Marks::told_by(const Json& lease) {
  std::vector<std::string> odd;
  auto marks = marks_of(lease, &odd);
  for (const auto& key : odd) {
    say(fmt::format("annotation {} of Lease {} is not a number and is ignored", key,
                    session_.lease.name()));
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
  const auto marks = std::make_shared<MarkMap>();
  session_.lease.change(
      [this, marks](const Json* lease) {
        // A Lease that somebody deleted had more than what is new.
        *marks = known();
        return lease == nullptr ? session_.lease.fresh(*marks) : raised_lease(*lease, *marks);
      },
      [this, marks](const LeaseWriter::Outcome& outcome) { was_written(*marks, outcome); });
}

MarkMap Marks::known() {
  const std::lock_guard lock(mutex_);
  auto marks = written_;
  for (const auto& [scaler, number] : wanted_) marks[scaler] = std::max(marks[scaler], number);
  return marks;
}

void Marks::was_written(const MarkMap& marks, const LeaseWriter::Outcome& outcome) {
  using Kind = LeaseWriter::Outcome::Kind;
  if (outcome.kind == Kind::done) return written(marks);
  if (outcome.kind == Kind::conflict) {
    // Somebody else was faster: look again, at once the first time.
    const bool first = [this] {
      const std::lock_guard lock(mutex_);
      return !std::exchange(in_conflict_, true);
    }();
    if (first) return write();
  }
  write_later(outcome);
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
    in_conflict_ = false;
    backoff_.reset();
    said_.clear();
    ready = take_ready();
  }
  for (const auto& task : ready) task();
  if (more) write();
}

void Marks::write_later(const LeaseWriter::Outcome& outcome) {
  say("the Lease with the names of earlier workers cannot be written, retrying: " +
      outcome.error.message);
  Duration wait;
  {
    const std::lock_guard lock(mutex_);
    wait = std::max(backoff_.next(), outcome.retry_after.value_or(Duration(0)));
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
