#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "jobscaler/clock.h"
#include "jobscaler/reading.h"
#include "jobscaler/result.h"
#include "jobscaler/spec.h"
#include "jobscaler/worker.h"

namespace jobscaler {

/// Why a decision is what it is. One enum for the log, the metrics, the status and the README's
/// table, in the order in which they are considered: the first that applies is the reason.
enum class Reason {
  // Holds: nothing can be decided.
  paused,
  not_leader,
  workers_unknown,
  // Demand: is a worker wanted?
  below_min,
  source_unavailable,
  below_threshold,
  messages_above,
  oldest_above,
  // Limits: wanted, but not now.
  template_refused,
  name_taken,
  quota_exceeded,
  cluster_refused,
  backing_off,
  at_max,
  enough_workers,
  create_unanswered,
  at_capacity,
  waiting_for_ready,
  settling,
};
std::string_view to_string(Reason reason);
std::span<const Reason> all_reasons();

enum class Level { debug, info, warn, error };
std::string_view to_string(Level level);

// ------------------------------------------------------------------------------------- events in

/// What became of a StartWorker. The cluster side settles every unclear answer (a lost one, a 409)
/// by reading the name back before it reports.
struct CreateOutcome {
  enum class Kind {
    created,  ///< 201; `worker` is set
    adopted,  ///< the name exists, is ours and unfinished: as good as created; `worker` is set
    already_finished,  ///< the name exists, is ours and finished or going: our view was stale;
                       ///< `worker` is set
    not_created,  ///< the request was lost and the name does not exist (as far as can be known)
    too_old,  ///< nothing was sent: the decision was 2 s old by then, or we did not lead any more
    name_taken,        ///< the name exists and is not ours
    template_refused,  ///< the API server rejects the Job as it is (400, 422, failed quota: must
                       ///< specify ...)
    quota_exceeded,    ///< 403 exceeded quota
    refused,           ///< any other answer: RBAC, webhook, 429, 5xx
  };
  Kind kind = Kind::created;
  std::optional<WorkerFacts> worker;
  std::string words;                    ///< the API server's words
  std::optional<Duration> retry_after;  ///< the server's wish, if it sent one
};

namespace event {

/// The source's answer to ReadQueue, or a reading it took by itself.
struct ReadingTaken {
  std::string scaler;
  Result<Reading> reading;
};

/// Every worker of our instance, as listed. Replaces what was known, but for workers whose creation
/// was answered after the list was asked for.
struct WorkersListed {
  std::vector<WorkerFacts> workers;
  TimePoint asked_at{};  ///< when the list request left
  /// When the request for their pods left, if that is not as late: pods are listed on their own.
  std::optional<TimePoint> pods_asked_at = {};
};

struct WorkerSeen {
  WorkerFacts worker;
};

struct WorkerGone {
  std::string name;
  std::string uid;
};

/// The watch on workers is up, or has been down since `since`. Nothing is decided once it has been
/// down for a minute, and as long as it is down no worker is taken for stuck, nor deleted. Up
/// again, the workers' clocks run on when a list (Jobs and pods) asked for since then has come, or
/// 5 s later: a watch that goes on where it was needs no list. If nothing was seen for a minute or
/// more, lists included, it is 30 s, and decisions wait, too; after less they go on at once, as
/// names guard against a view that is not much older.
struct WatchChanged {
  bool up = true;
  TimePoint since{};
  std::string words;  ///< what went wrong
};

/// The names' high-water marks read from our Lease. Needed before the first decision, and again
/// with every list of Jobs: read after it and posted before it. A Job that was made and is gone
/// again while nobody watched is then in the marks, if it is not in the list. Never lowers what is
/// known.
struct MarksLoaded {
  std::map<std::string, std::int64_t> marks;  ///< by scaler
};

struct CreateAnswered {
  std::string scaler;
  std::int64_t number = 0;
  CreateOutcome outcome;
};

/// Result of a server-side dry run of the scaler's template. Empty words: accepted.
struct TemplateChecked {
  std::string scaler;
  std::string refusal;
};

/// Whether this daemon may act. True from the start unless leader election says otherwise.
struct LeadershipChanged {
  bool leader = true;
  std::string holder;  ///< who acts instead; empty: unknown
  /// Of a leader. Another may have led until then: nothing is decided, nothing deleted and no
  /// worker taken for stuck before a list of both Jobs and pods has come that was asked for no
  /// earlier.
  TimePoint since{};
};

}  // namespace event

using Event = std::variant<event::ReadingTaken, event::WorkersListed, event::WorkerSeen,
                           event::WorkerGone, event::WatchChanged, event::MarksLoaded,
                           event::CreateAnswered, event::TemplateChecked, event::LeadershipChanged>;

// ------------------------------------------------------------------------------------ actions out

/// How many workers a scaler has, by phase. `stuck` ones count against max alone.
struct WorkerCounts {
  int requested = 0;
  int pending = 0;
  int starting = 0;
  int ready = 0;
  int stuck = 0;

  int unready() const { return requested + pending + starting; }
  int live() const { return unready() + ready; }
  int unfinished() const { return live() + stuck; }
  bool operator==(const WorkerCounts&) const = default;
};

/// One decision about one scaler, with all that led to it.
struct Decision {
  std::string scaler;
  Reason reason = Reason::workers_unknown;
  std::string text;  ///< the reason's numbers and words, without the reason's name: "240 waiting (>
                     ///< 100), oldest 12s"
  bool start = false;    ///< a worker is started (or, observing, would be)
  bool observe = false;  ///< mode: observe
  std::string worker;    ///< name of the worker started, if any
  WorkerCounts workers;  ///< the started one included
  int max_workers = 0;
  std::optional<Reading> reading;  ///< the reading decided on, if there is one
  TimePoint at{};
};

namespace action {

/// Create the Job `<scaler>-<number>`. At most one per scaler is unanswered.
struct StartWorker {
  std::string scaler;
  std::int64_t number = 0;
  std::string node_group;
  TimePoint decided_at{};
  /// The scaler's backoff level, to be kept in the Job: see WorkerFacts::backoff_level.
  int backoff_level = 0;
};

/// Delete the Job, with Background propagation and the UID as precondition.
struct DeleteWorker {
  std::string scaler;
  std::string name;
  std::string uid;
  TimePoint decided_at{};
};

/// Write the name's high-water mark to our Lease. Never lowers it.
struct RecordMark {
  std::string scaler;
  std::int64_t number = 0;
};

/// Take a reading now.
struct ReadQueue {
  std::string scaler;
};

/// Ask the API server again whether it takes the template (after a refusal, with backoff).
struct CheckTemplate {
  std::string scaler;
};

/// For telemetry: every decision, also those that repeat the one before. One per scaler to which
/// something happened (each reading counts) or whose time has come.
struct Decided {
  Decision decision;
};

/// For telemetry: something happened to a worker.
struct WorkerNews {
  std::string scaler;
  std::string worker;
  Level level = Level::info;
  std::string text;  ///< "orders-41 ready after 1.7s on node pool-a-7"
};

}  // namespace action

using Action =
    std::variant<action::StartWorker, action::DeleteWorker, action::RecordMark, action::ReadQueue,
                 action::CheckTemplate, action::Decided, action::WorkerNews>;

// ------------------------------------------------------------------------------------- the engine

/// An edit of the configuration, as far as the engine is concerned.
struct Reconfiguration {
  EngineSpec spec;
  /// Scalers that read another queue than before, or read it by other means: what is known of the
  /// old one's messages is void, and so is a reading that was asked for.
  std::set<std::string> new_queues = {};
  /// Scalers whose Jobs are made from another template: it may be taken, and work, where the old
  /// one was refused or failed.
  std::set<std::string> new_jobs = {};
};

/// Decides when workers are started. Does no I/O and reads no clock: events come in with `now`,
/// actions go out. Not thread-safe: one thread owns it. `now` never goes backwards.
///
/// The caller's loop: apply() every event that has come, then step() once and carry out what it
/// returns, then sleep until the next event or next_wakeup().
class Engine {
 public:
  /// REQUIRES: a validated spec (unique names, node groups that exist, max >= min, window >= 1).
  Engine(EngineSpec spec, TimePoint now);
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  void apply(const Event& event, TimePoint now);

  /// Goes on with another configuration. Scalers keep by their name what is known of them; a new
  /// one begins as after a start, with the workers and numbers that its name had. A removed one's
  /// workers are left alone and take up room in their node groups, but nothing is decided for it.
  /// step() is due at once. REQUIRES: a validated spec, as above.
  void reconfigure(Reconfiguration change, TimePoint now);

  /// Decides for every scaler to which something happened or whose time has come, and returns what
  /// is to be done, in order: a RecordMark goes before the DeleteWorker it is for. Calling it more
  /// often than needed is harmless. Calling it more than 30 s after next_wakeup() means that the
  /// process was stopped: nothing is decided for the next 5 s (30 s if it was for a minute or
  /// more), so that the events missed can arrive, unless a list asked for since then has come.
  std::vector<Action> step(TimePoint now);

  /// When step() is to be called next even if no event comes. Always later than the last step's
  /// now.
  TimePoint next_wakeup() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace jobscaler
