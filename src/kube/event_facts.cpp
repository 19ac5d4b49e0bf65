#include <cpprest/json.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kube/facts.h"

namespace jobscaler::kube {
namespace {

/// Reasons that explain why a worker has no pod, its pod no node, or its container no start. Not
/// among them: the scheduler's FailedScheduling. The pod's PodScheduled condition says the same,
/// and a new one would hide what the autoscaler has said.
constexpr std::array<std::string_view, 17> kTelling = {
    "FailedCreate",       // job-controller: quota, admission
    "TriggeredScaleUp",   // cluster-autoscaler
    "NotTriggerScaleUp",  // cluster-autoscaler
    "Nominated",          // Karpenter
    "FailedMount",        // kubelet, and the rest below
    "FailedAttachVolume",
    "FailedMapVolume",
    "FailedCreatePodSandBox",
    "NetworkNotReady",
    "Failed",
    "BackOff",
    "ErrImageNeverPull",
    "InspectFailed",
    "InvalidImageName",
    "Unhealthy",
    "FailedPostStartHook",
    "Preempted",
};

bool is_telling(const std::string& reason) {
  return std::find(kTelling.begin(), kTelling.end(), reason) != kTelling.end();
}

/// Which of the many times is set depends on who wrote the Event, and on the version it was written
/// in.
ServerTime time_of(const Json& event) {
  ServerTime newest{};
  const auto consider = [&](JsonPath path) {
    newest = std::max(newest, parse_rfc3339(text(event, path)).value_or(ServerTime{}));
  };
  consider({"lastTimestamp"});
  consider({"eventTime"});
  consider({"series", "lastObservedTime"});
  consider({"metadata", "creationTimestamp"});
  return newest;
}

std::string words_of(const Json& event) {
  auto component = text(event, {"source", "component"});
  if (component.empty()) component = text(event, {"reportingComponent"});
  if (component.empty()) component = "event";
  return fmt::format("{}: {} {}", component, text(event, {"reason"}), text(event, {"message"}));
}

}  // namespace

EventWords newest_event(const Json& event_list) {
  const Json* newest = nullptr;
  for (const auto* event : elements(event_list, {"items"})) {
    if (!is_telling(text(*event, {"reason"}))) continue;
    if (newest == nullptr || time_of(*event) >= time_of(*newest)) newest = event;
  }
  if (newest == nullptr) return {};
  return {text(*newest, {"reason"}), words_of(*newest)};
}

}  // namespace jobscaler::kube
