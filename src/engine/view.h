#pragma once

#include <optional>
#include <string>

#include "jobscaler/clock.h"

namespace jobscaler::engine {

/// With the watch down for this long nothing is decided any more. The watch is rebuilt with a
/// backoff of at most 30 s, so that two attempts have failed by then; until then our own creations
/// are known from their answers, and the names keep a stale view from creating too much. After a
/// longer gap they do not: a Job may have come, ended and expired unseen.
constexpr Duration kWatchDeadline = std::chrono::seconds(60);
/// Waking this long after the time we asked to be woken at means that the process (or the machine)
/// was stopped, not that it was busy.
constexpr Duration kFrozen = std::chrono::seconds(30);
/// How long after a gap the events missed in it may take to arrive, unless a list tells of them.
/// After a long gap there will be one, as the API server does not keep old events for long.
constexpr Duration kCatchUp = std::chrono::seconds(5);
constexpr Duration kLongCatchUp = std::chrono::seconds(30);

/// How far what is known of the workers can be trusted.
class View {
 public:
  void marks_loaded() { marks_loaded_ = true; }
  /// A list of Jobs and pods tells of everything that happened before it was asked for.
  void listed(TimePoint asked_at);
  /// Another may have led until then: what it did last may not have been seen.
  void leads_since(TimePoint since) { leads_since_ = since; }
  void watch_up(TimePoint now);
  void watch_down(TimePoint since, std::string words, TimePoint now);
  /// Called with every `now`; `last` is the one before and `expected` when it was to come at the
  /// latest.
  void tick(TimePoint now, TimePoint last, TimePoint expected);

  /// Why nothing can be decided, if so.
  std::optional<std::string> unknown(TimePoint now) const;
  /// Until when events have been seen: what is out of sight does not time out. Never after `now`.
  TimePoint sight(TimePoint now) const;
  /// The next time after `now` at which one of these answers changes by itself.
  TimePoint changes_at(TimePoint now) const;

 private:
  /// A time in which events were missed, because the watch was down or this process was stopped,
  /// and then the time in which they are awaited. What else goes wrong meanwhile makes the gap
  /// longer: it is not a gap of its own, as nothing was seen in between.
  struct Gap {
    TimePoint since{};               // until when events were seen
    std::optional<TimePoint> ended;  // absent: the watch is down
    std::string words;               // why it is down
    Duration stopped{};              // how long this process was stopped in it

    bool is_long(TimePoint now) const { return ended.value_or(now) - since >= kWatchDeadline; }
    /// When the missed events have arrived. REQUIRES: ended
    TimePoint over_at() const { return *ended + (is_long(*ended) ? kLongCatchUp : kCatchUp); }
  };

  const Gap* gap_at(TimePoint now) const;
  Gap& widen(TimePoint since, TimePoint now);

  bool is_behind() const { return listed_at_ < leads_since_; }

  bool marks_loaded_ = false;
  bool listed_ = false;
  TimePoint listed_at_{};  // when the last list was asked for
  TimePoint leads_since_{};
  std::optional<Gap> gap_;  // the last one
};

}  // namespace jobscaler::engine
