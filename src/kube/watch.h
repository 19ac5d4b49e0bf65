#pragma once

#include <optional>
#include <string>

#include "http/client.h"
#include "jobscaler/clock.h"
#include "jobscaler/result.h"
#include "kube/backoff.h"
#include "kube/json.h"
#include "kube/status.h"

namespace jobscaler::kube {

/// Whom a Watch tells what it learns.
class WatchSink {
 public:
  virtual ~WatchSink() = default;
  /// A new list begins: what an unfinished one has brought so far is void.
  virtual void list_began(TimePoint asked_at) = 0;
  virtual void listed(const Json& object) = 0;
  virtual void list_ended() = 0;
  virtual void changed(const Json& object) = 0;
  virtual void deleted(const Json& object) = 0;
  /// The view is current again: listed and watching.
  virtual void synced() = 0;
  /// The view was current until `since` and is not now. Repeated with each failed attempt.
  virtual void lost(TimePoint since, const std::string& words) = 0;
};

/// List and watch of one resource, as a state machine over answers and lines: does no I/O, reads no
/// clock. The caller does what next() says and hands back what came of it.
///
///   list (in pages) -> watch from the list's resourceVersion -> ... -> watch again from the last
///   one
///
/// An ERROR event in the stream, or the answer to a request: 410 lists again; 429 waits and watches
/// again from the same version; anything else waits and lists again. A stream that ended, cleanly
/// or cut, is taken up again at once and without a word, as client-go does: proxies cut streams
/// all day. One that was silent for too long, or that lived under a second and brought nothing new,
/// waits and watches again. A line that cannot be understood lists again, and so does an outage of
/// a minute. Waits double from 0.8 s to 30 s with jitter, and start over after two minutes without
/// a failure.
class Watch {
 public:
  struct Next {
    enum class Do { list, watch };
    Do what = Do::list;
    TimePoint at{};           ///< not before
    std::string query;        ///< of the request's URL: "limit=500&..."
    Duration idle_timeout{};  ///< of a watch
  };

  Watch(Intent intent, std::string label_selector, TimePoint now, Random random, WatchSink& sink);

  Next next();

  /// A list is next, and at once: what was listed, or is being listed, will not do. A stream that
  /// was open is not heard of any more.
  void list_anew(TimePoint now);

  /// When the last list was asked for, complete or not.
  TimePoint list_asked_at() const { return list_asked_at_; }

  /// The request for a page is about to leave.
  void list_asked(TimePoint now);
  void list_answered(const Result<http::Response>& answer, TimePoint now);

  void watch_opened(TimePoint now);
  /// REQUIRES: the watch was opened. False: read no further, end the stream.
  bool line(const std::string& line, TimePoint now);
  /// One that we cancelled ourselves is taken up again, too.
  void watch_ended(const Result<http::Response>& answer, TimePoint now);

 private:
  void accept_page(const std::string& body, TimePoint now);
  bool handle(const std::string& type, const Json& object);
  void refused(const ServerStatus& status, TimePoint now);
  void list_again(TimePoint now);
  void fail(const std::string& words, TimePoint now, std::optional<Duration> wish = std::nullopt);
  Duration wait_after_failure(TimePoint now);

  const Intent intent_;
  const std::string selector_;
  Random random_;
  Backoff backoff_;
  WatchSink& sink_;

  bool listing_ = true;
  std::string continue_token_;
  std::string resource_version_;
  TimePoint not_before_{};
  std::optional<TimePoint> last_failure_;

  bool in_sync_ = false;
  TimePoint since_;  // when the view was last known to be current; of use when it is not
  TimePoint list_asked_at_{};

  Duration idle_timeout_{};  // of the last watch that was asked for
  struct Open {
    TimePoint since{};
    TimePoint last_heard{};
    std::string from;                     // resourceVersion
    std::optional<ServerStatus> error;    // its ERROR event
    std::optional<std::string> nonsense;  // its line that could not be understood
  };
  std::optional<Open> open_;
};

}  // namespace jobscaler::kube
