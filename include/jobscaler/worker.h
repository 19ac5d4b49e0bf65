#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "jobscaler/clock.h"

namespace jobscaler {

/// Where a worker (one Job with one pod) is in its life.
enum class Phase {
  requested,  ///< POST sent, no answer yet
  pending,    ///< no pod yet, or the pod is not scheduled
  starting,   ///< scheduled, not ready, nothing fatal
  ready,      ///< the pod is or has been ready
  succeeded,  ///< Job condition Complete
  failed,     ///< Job condition Failed
  stuck,      ///< can never become ready as things are
};
std::string_view to_string(Phase phase);

/// What the API server says about a worker's pod. Times are the server's, converted to BootClock.
struct PodFacts {
  enum class Stage { pending, running, succeeded, failed, unknown };  ///< status.phase

  /// A container waiting for something, with the kubelet's words (ImagePullBackOff, ...).
  struct Waiting {
    std::string reason;
    std::string message;
    bool operator==(const Waiting&) const = default;
  };

  /// How the worker's container ended.
  struct Exit {
    int code = 0;
    std::string reason;   ///< Error, OOMKilled, ...
    std::string message;  ///< the termination message
    bool operator==(const Exit&) const = default;
  };

  std::string name;
  std::string uid;
  std::string node;  ///< empty until scheduled
  TimePoint created{};
  Stage stage = Stage::pending;
  std::optional<TimePoint> scheduled;  ///< since when condition PodScheduled is True
  std::string unscheduled_reason;  ///< of PodScheduled False: Unschedulable, SchedulingGated, ...
  std::string unscheduled_message;
  std::optional<TimePoint> unscheduled_since;
  std::optional<TimePoint> ready;  ///< since when condition Ready is True; absent when not ready
  std::optional<Waiting> waiting;  ///< the first container (init containers first) that waits
  std::optional<Exit> exit;        ///< of the first container that failed, else that ended
  std::string status_reason;       ///< status.reason: Evicted, NodeLost, OutOfcpu, ...
  std::string status_message;
  bool disrupted = false;  ///< condition DisruptionTarget: being evicted or preempted
  bool deleting = false;   ///< has a deletionTimestamp

  bool operator==(const PodFacts&) const = default;
};

/// What the API server says about a worker. Value type; the engine keeps the latest per worker.
struct WorkerFacts {
  enum class Outcome { unfinished, complete, failed };

  std::string name;         ///< of the Job: <scaler>-<number>
  std::string uid;          ///< of the Job
  std::string scaler;       ///< from the label jobscaler.io/scaler
  std::int64_t number = 0;  ///< from the label jobscaler.io/number
  std::string node_group;   ///< from the label jobscaler.io/node-group
  /// The scaler's backoff level when the worker was started, from the annotation
  /// jobscaler.io/backoff-level: what the Jobs before it said, which may not exist any more.
  int backoff_level = 0;
  TimePoint created{};
  bool deleting = false;
  bool suspended = false;  ///< held by an admission queue such as Kueue
  Outcome outcome = Outcome::unfinished;
  std::string
      outcome_reason;  ///< of the Failed condition: BackoffLimitExceeded, DeadlineExceeded, ...
  std::string outcome_message;
  std::optional<TimePoint> finished;  ///< when the Complete or Failed condition became true
  std::optional<PodFacts> pod;        ///< the newest pod that is not being replaced
  std::string
      event_reason;  ///< newest Event about the Job or pod: FailedCreate, TriggeredScaleUp, ...
  std::string event_words;  ///< "<component>: <reason> <message>", for people

  bool operator==(const WorkerFacts&) const = default;
};

}  // namespace jobscaler
