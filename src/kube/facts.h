#pragma once

#include <string>

#include "jobscaler/result.h"
#include "jobscaler/worker.h"
#include "kube/json.h"
#include "kube/times.h"

namespace jobscaler::kube {

/// A pod and what it says about whose it is.
struct OwnedPod {
  PodFacts facts;
  std::string owner_uid;  ///< of the controlling Job; empty: it names none
  std::string job_name;   ///< from the label the Job controller sets; used when there is no owner

  bool operator==(const OwnedPod&) const = default;
};

/// An Event's words about a Job or pod.
struct EventWords {
  std::string reason;
  std::string words;  ///< "<component>: <reason> <message>"

  bool operator==(const EventWords&) const = default;
};

/// A Job as a worker, without its pod; times are ServerTimes. Missing or odd fields become "not
/// known" (empty, absent, unfinished); an object without a name or uid, or without our scaler
/// label, is malformed.
Result<WorkerFacts> parse_job(const Json& job);

/// Error `malformed`: no name or no uid.
Result<OwnedPod> parse_pod(const Json& pod);

/// The newest Event of an EventList that says why a worker is not ready yet; empty when none does.
EventWords newest_event(const Json& event_list);

bool is_finished(const WorkerFacts& worker);

/// Moves every time from the server's clock to ours.
void to_boot_clock(WorkerFacts& worker, Duration server_ahead);

}  // namespace jobscaler::kube
