#include "recorder.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <chrono>

namespace kube_suite {

using namespace jobscaler;

namespace {

constexpr auto kPatience = std::chrono::seconds(120);

struct Words {
  std::string operator()(const event::ReadingTaken&) const { return "ReadingTaken"; }
  std::string operator()(const event::LeadershipChanged&) const { return "LeadershipChanged"; }
  std::string operator()(const event::WorkersListed& listed) const {
    std::string text = fmt::format("WorkersListed {}", listed.workers.size());
    for (const auto& worker : listed.workers) text += "\n      " + describe(worker);
    return text;
  }
  std::string operator()(const event::WorkerSeen& seen) const {
    return "WorkerSeen " + describe(seen.worker);
  }
  std::string operator()(const event::WorkerGone& gone) const { return "WorkerGone " + gone.name; }
  std::string operator()(const event::WatchChanged& changed) const {
    return fmt::format("WatchChanged {} {}", changed.up ? "up" : "down", changed.words);
  }
  std::string operator()(const event::MarksLoaded& loaded) const {
    std::string text = "MarksLoaded";
    for (const auto& [scaler, mark] : loaded.marks) text += fmt::format(" {}={}", scaler, mark);
    return text;
  }
  std::string operator()(const event::CreateAnswered& answered) const {
    const auto& outcome = answered.outcome;
    return fmt::format("CreateAnswered {} kind {} \"{}\" {}", answered.number,
                       static_cast<int>(outcome.kind), outcome.words,
                       outcome.worker ? describe(*outcome.worker) : "");
  }
  std::string operator()(const event::TemplateChecked& checked) const {
    return fmt::format("TemplateChecked {} \"{}\"", checked.scaler, checked.refusal);
  }
};

}  // namespace

std::string describe(const WorkerFacts& worker) {
  std::string text =
      fmt::format("{} outcome {} {}{}", worker.name, static_cast<int>(worker.outcome),
                  worker.outcome_reason, worker.deleting ? " deleting" : "");
  if (worker.pod) {
    const auto& pod = *worker.pod;
    text += fmt::format(", pod stage {} on '{}'{}{} {}", static_cast<int>(pod.stage), pod.node,
                        pod.scheduled ? " scheduled" : "", pod.ready ? " ready" : "",
                        pod.unscheduled_reason);
    if (pod.waiting) text += " waiting " + pod.waiting->reason;
    if (pod.exit) text += fmt::format(" exit {} {}", pod.exit->code, pod.exit->reason);
  }
  return text + (worker.event_words.empty() ? "" : ", " + worker.event_words);
}

std::vector<WorkerFacts> workers_in(const Event& event) {
  if (const auto* listed = std::get_if<event::WorkersListed>(&event)) return listed->workers;
  if (const auto* seen = std::get_if<event::WorkerSeen>(&event)) return {seen->worker};
  if (const auto* answered = std::get_if<event::CreateAnswered>(&event)) {
    if (answered->outcome.worker) return {*answered->outcome.worker};
  }
  return {};
}

void Recorder::post(Event event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(event));
  came_.notify_all();
}

void Recorder::post(Note note) {
  const std::lock_guard lock(mutex_);
  notes_.push_back(std::move(note));
  came_.notify_all();
}

std::vector<Event> Recorder::events() const {
  const std::lock_guard lock(mutex_);
  return events_;
}

std::vector<Note> Recorder::notes() const {
  const std::lock_guard lock(mutex_);
  return notes_;
}

std::size_t Recorder::count() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

Event Recorder::wait_for(const std::string& what, std::size_t from,
                         const std::function<bool(const Event&)>& accepts) {
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::size_t next = from;
  do {
    for (; next < events_.size(); ++next) {
      if (accepts(events_[next])) return events_[next];
    }
  } while (came_.wait_until(lock, deadline) == std::cv_status::no_timeout || next < events_.size());
  lock.unlock();
  FAIL("never came: " << what << "\n" << story());
  throw std::logic_error("not reached");
}

WorkerFacts Recorder::expect_worker(const std::string& what,
                                    const std::function<bool(const WorkerFacts&)>& accepts,
                                    std::size_t from) {
  WorkerFacts found;
  wait_for(what, from, [&](const Event& event) {
    for (const auto& worker : workers_in(event)) {
      if (!accepts(worker)) continue;
      found = worker;
      return true;
    }
    return false;
  });
  return found;
}

Note Recorder::expect_note(const std::string& part) {
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  std::size_t next = 0;
  do {
    for (; next < notes_.size(); ++next) {
      if (notes_[next].text.find(part) != std::string::npos) return notes_[next];
    }
  } while (came_.wait_until(lock, deadline) == std::cv_status::no_timeout || next < notes_.size());
  lock.unlock();
  FAIL("never came: a note with \"" << part << "\"\n" << story());
  throw std::logic_error("not reached");
}

std::string Recorder::story() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& event : events_) text += "  " + std::visit(Words(), event) + "\n";
  for (const auto& note : notes_) {
    text += fmt::format("  note {} {}: {}\n", to_string(note.level), note.subject, note.text);
  }
  return text;
}

}  // namespace kube_suite
