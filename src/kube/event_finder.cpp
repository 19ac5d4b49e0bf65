#include "kube/event_finder.h"

#include <cpprest/json.h>

#include <algorithm>

#include "kube/facts.h"
#include "kube/json.h"
#include "kube/names.h"
#include "kube/status.h"

namespace jobscaler::kube {
namespace {

constexpr auto kForbiddenPause = std::chrono::minutes(10);

}  // namespace

void EventFinder::wake() {
  look_after(pace_.patience);
}

void EventFinder::look_after(Duration pause) {
  if (awake_.exchange(true)) return;
  session_.timers.after(pause, [this] { look(); });
}

void EventFinder::look() {
  awake_ = false;  // first: who is woken for comes too late for this look
  const auto unready = session_.workers.unready();
  std::string subject;
  {
    const std::lock_guard lock(mutex_);
    subject = choose(unready, BootClock::now());
  }
  if (!subject.empty()) ask(subject);
  if (!unready.empty()) look_after(pace_.between);
}

/// The subject asked about the longest ago, if it is time to ask again. Forgets those that need no
/// explanation any more.
std::string EventFinder::choose(const std::vector<Store::Unready>& unready, TimePoint now) {
  std::map<std::string, TimePoint> asked;
  for (const auto& worker : unready) asked[worker.subject] = asked_[worker.subject];
  asked_ = std::move(asked);
  const auto server_now = session_.workers.server_now();
  if (!server_now || now < not_before_) return {};
  std::string chosen;
  for (const auto& worker : unready) {
    const auto asked_at = asked_[worker.subject];
    const bool due = *server_now - worker.since > pace_.patience && now - asked_at > pace_.again;
    if (due && (chosen.empty() || asked_at < asked_[chosen])) chosen = worker.subject;
  }
  if (!chosen.empty()) asked_[chosen] = now;
  return chosen;
}

void EventFinder::ask(const std::string& subject) {
  const auto name_space = session_.api.name_space();
  if (!name_space.ok()) return;
  http::Request request;
  request.path = events_path(*name_space) +
                 "?fieldSelector=" + http::encode_uri_component("involvedObject.uid=" + subject);
  session_.api.send_async(std::move(request),
                          [this, subject, name_space = *name_space](Result<http::Response> answer) {
                            answered(subject, name_space, answer);
                          });
}

void EventFinder::answered(const std::string& subject, const std::string& name_space,
                           const Result<http::Response>& answer) {
  if (!answer.ok()) return;  // words are not worth a word
  if (answer->status == 403) {
    const std::lock_guard lock(mutex_);
    if (not_before_ == TimePoint{}) {
      session_.note(Level::warn, "kubernetes",
                    explain({"list", "events", name_space}, status_of(*answer)) +
                        "; until then the log cannot say why a worker is not ready");
    }
    not_before_ = BootClock::now() + kForbiddenPause;
    return;
  }
  const auto list = parse_json(answer->body);
  if (answer->status != 200 || !list.ok()) return;
  const auto words = newest_event(*list);
  session_.workers.update([&](Store& store) { return store.event_found(subject, words); });
}

}  // namespace jobscaler::kube
