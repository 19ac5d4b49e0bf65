#pragma once

#include <optional>
#include <string>

#include "jobscaler/engine.h"

namespace jobscaler::engine {

/// First retry after a refusal, doubling up to the longest one. A refusal is cheap to repeat and is
/// often over soon (429, a webhook's restart), so it starts lower than the failures' ladder.
constexpr Duration kFirstRetry = std::chrono::seconds(1);
constexpr Duration kLongestRetry = std::chrono::minutes(5);

/// What the API server said no to, and when to ask again.
struct Refusal {
  Reason reason = Reason::cluster_refused;
  std::string words;
  TimePoint retry_at{};
  int tries = 0;
};

/// The delay before try number `tries` + 1; a server's own wish is honoured when it is longer.
Duration retry_delay(int tries, std::optional<Duration> wish);

/// The hold that a create's answer causes, given the one before it; nothing for the answers that do
/// not hold.
std::optional<Refusal> refusal_after(const std::optional<Refusal>& before,
                                     const CreateOutcome& outcome, TimePoint now);

/// A template the dry run refused: nothing is created until the API server takes it.
class TemplateCheck {
 public:
  void answered(const std::string& refusal, TimePoint now);
  bool refused() const { return refusal_.has_value(); }
  /// REQUIRES: refused(). Its retry_at is when the template is checked again.
  const Refusal& refusal() const { return *refusal_; }
  /// When to emit CheckTemplate; max() when not at all.
  TimePoint next() const;
  void asked(TimePoint now);

 private:
  std::optional<Refusal> refusal_;
};

}  // namespace jobscaler::engine
