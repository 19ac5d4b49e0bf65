#pragma once

#include <string>

#include "jobscaler/engine.h"

namespace jobscaler {

/// A line for the log from a part that is not the engine.
struct Note {
  Level level = Level::info;
  std::string subject;  ///< the connection, "kubernetes", ...
  std::string text;
};

/// One line of `jobscaler check --connect`.
struct CheckLine {
  enum class Status { ok, warn, fail };
  Status status = Status::ok;
  std::string subject;  ///< "rabbitmq rabbit", "queue orders", "permission create jobs.batch", ...
  std::string text;     ///< what was found and, unless ok, what to do about it
};

/// Where I/O parts put what they learn; the daemon's mailbox. Any thread may post; posting never
/// blocks for longer than a mutex. Outlives every part that posts to it.
class Outbox {
 public:
  virtual ~Outbox() = default;
  virtual void post(Event event) = 0;
  virtual void post(Note note) = 0;
};

/// The cluster, as the loop sees it. Calls return at once; answers arrive as events.
class ClusterPort {
 public:
  virtual ~ClusterPort() = default;
  virtual void start_worker(const action::StartWorker& start) = 0;     // -> CreateAnswered
  virtual void delete_worker(const action::DeleteWorker& remove) = 0;  // -> WorkerGone by the watch
  virtual void record_mark(const action::RecordMark& mark) = 0;
  virtual void check_template(const action::CheckTemplate& check) = 0;  // -> TemplateChecked
};

/// The queues behind one connection, as the loop sees them.
class SourcePort {
 public:
  virtual ~SourcePort() = default;
  /// Returns at once; the reading arrives as ReadingTaken. Requests for the same scaler that have
  /// not been taken up yet are one.
  virtual void read(const std::string& scaler) = 0;
};

}  // namespace jobscaler
