#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "jobscaler/ports.h"

namespace kube_suite {

/// An Outbox that keeps everything, for tests to wait for what they expect.
class Recorder : public jobscaler::Outbox {
 public:
  void post(jobscaler::Event event) override;
  void post(jobscaler::Note note) override;

  std::vector<jobscaler::Event> events() const;
  std::vector<jobscaler::Note> notes() const;

  /// The first event, since the beginning or `from`, that is a T the condition accepts. Fails the
  /// test, with everything that came instead, when none comes.
  template <typename T>
  T expect(const std::string& what, const std::function<bool(const T&)>& accepts,
           std::size_t from = 0) {
    return std::get<T>(wait_for(what, from, [&](const jobscaler::Event& event) {
      const auto* candidate = std::get_if<T>(&event);
      return candidate != nullptr && accepts(*candidate);
    }));
  }

  /// The first news of a worker, from whatever event, that the condition accepts.
  jobscaler::WorkerFacts expect_worker(
      const std::string& what, const std::function<bool(const jobscaler::WorkerFacts&)>& accepts,
      std::size_t from = 0);

  /// The first note whose text contains `part`.
  jobscaler::Note expect_note(const std::string& part);

  std::size_t count() const;  ///< of the events so far

  /// For failures: all events and notes in words.
  std::string story() const;

 private:
  jobscaler::Event wait_for(const std::string& what, std::size_t from,
                            const std::function<bool(const jobscaler::Event&)>& accepts);

  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::vector<jobscaler::Event> events_;
  std::vector<jobscaler::Note> notes_;
};

/// The workers an event tells of.
std::vector<jobscaler::WorkerFacts> workers_in(const jobscaler::Event& event);

std::string describe(const jobscaler::WorkerFacts& worker);

}  // namespace kube_suite
