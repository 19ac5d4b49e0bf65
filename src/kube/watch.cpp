#include "kube/watch.h"

#include <cpprest/json.h>
#include <fmt/format.h>

namespace jobscaler::kube {
namespace {

constexpr int kPageSize = 500;
constexpr auto kHealthy = std::chrono::minutes(2);  // without a failure: waits start over
/// After this long the engine does not go on with what it knew. A list tells at once what is, and
/// there is no watch to come back and find its version too old.
constexpr auto kLongOutage = std::chrono::minutes(1);
constexpr auto kShortLife = std::chrono::seconds(1);
constexpr int kShortestWatchSeconds = 60;  // what a dead connection can hide is hidden no longer
constexpr auto kIdleMargin = std::chrono::seconds(5);  // on top of what the server was asked for

/// Go writes a list without elements as null.
bool is_list(const Json& page) {
  if (text(page, {"metadata", "resourceVersion"}).empty() || !page.has_field("items")) return false;
  return page.at("items").is_array() || page.at("items").is_null();
}

}  // namespace

Watch::Watch(Intent intent, std::string label_selector, TimePoint now, Random random,
             WatchSink& sink)
    : intent_(std::move(intent)),
      selector_("labelSelector=" + http::encode_uri_component(label_selector)),
      random_(random),
      backoff_(random),
      sink_(sink),
      since_(now) {}

Watch::Next Watch::next() {
  Next next;
  next.at = not_before_;
  if (listing_) {
    next.query = fmt::format("limit={}&{}", kPageSize, selector_);
    if (!continue_token_.empty()) {
      next.query += "&continue=" + http::encode_uri_component(continue_token_);
    }
    return next;
  }
  const auto seconds = kShortestWatchSeconds + static_cast<int>(random_() * kShortestWatchSeconds);
  idle_timeout_ = std::chrono::seconds(seconds) + kIdleMargin;
  next.what = Next::Do::watch;
  next.idle_timeout = idle_timeout_;
  next.query =
      fmt::format("watch=true&allowWatchBookmarks=true&timeoutSeconds={}&resourceVersion={}&{}",
                  seconds, http::encode_uri_component(resource_version_), selector_);
  return next;
}

// ------------------------------------------------------------------------------------------ lists

void Watch::list_anew(TimePoint now) {
  listing_ = true;
  continue_token_.clear();
  open_.reset();
  not_before_ = now;
}

void Watch::list_asked(TimePoint now) {
  if (!continue_token_.empty()) return;
  list_asked_at_ = now;
  sink_.list_began(now);
}

void Watch::list_answered(const Result<http::Response>& answer, TimePoint now) {
  if (!answer.ok()) return fail(answer.error().message, now);
  if (answer->status == 200) return accept_page(answer->body, now);
  // The token of the next page was too old: not an outage, and nothing to tell anybody.
  if (answer->status == 410 && !continue_token_.empty()) return list_again(now);
  refused(status_of(*answer), now);
}

void Watch::accept_page(const std::string& body, TimePoint now) {
  const auto page = parse_json(body);
  if (!page.ok() || !is_list(*page)) {
    return fail("the API server's list of " + intent_.resource + " is not a list", now);
  }
  for (const auto* item : elements(*page, {"items"})) sink_.listed(*item);
  continue_token_ = text(*page, {"metadata", "continue"});
  not_before_ = now;
  if (!continue_token_.empty()) return;
  resource_version_ = text(*page, {"metadata", "resourceVersion"});
  since_ = list_asked_at_;
  listing_ = false;
  sink_.list_ended();
}

void Watch::list_again(TimePoint now) {
  listing_ = true;
  continue_token_.clear();
  const bool first = !last_failure_ || now - *last_failure_ > kHealthy;
  not_before_ = first ? now : now + wait_after_failure(now);
  last_failure_ = now;
}

// ---------------------------------------------------------------------------------------- watches

void Watch::watch_opened(TimePoint now) {
  open_ = Open{now, now, resource_version_, std::nullopt, std::nullopt};
  if (std::exchange(in_sync_, true)) return;
  sink_.synced();
}

bool Watch::line(const std::string& line, TimePoint now) {
  open_->last_heard = now;
  if (line.empty()) return true;
  const auto event = parse_json(line);
  const auto* object = event.ok() ? find(*event, {"object"}) : nullptr;
  const bool understood = object != nullptr && handle(text(*event, {"type"}), *object);
  if (!understood) open_->nonsense = line.substr(0, 100);
  return understood && !open_->error;
}

/// False: makes no sense.
bool Watch::handle(const std::string& type, const Json& object) {
  if (type == "ERROR") {
    open_->error = status_of_object(object.serialize());
    return true;
  }
  const auto version = text(object, {"metadata", "resourceVersion"});
  if (type.empty() || version.empty()) return false;
  if (type == "ADDED" || type == "MODIFIED") sink_.changed(object);
  if (type == "DELETED") sink_.deleted(object);
  since_ = open_->last_heard;
  resource_version_ = version;  // bookmarks, and types yet to be invented, bring nothing else
  return true;
}

void Watch::watch_ended(const Result<http::Response>& answer, TimePoint now) {
  const auto ended = std::exchange(open_, std::nullopt);  // absent: it was never opened
  if (!answer.ok() && answer.error().kind == ErrorKind::cancelled) {
    not_before_ = now;
    return;
  }
  // Silence for the whole idle timeout: nobody knows since when it was meaningless.
  const bool silent = ended && now - ended->last_heard >= idle_timeout_;
  const bool lived =
      ended && (resource_version_ != ended->from || now - ended->since >= kShortLife);
  // An ERROR or nonsense is nothing to go by: the view is as old as what came before it.
  if (lived && !silent && !ended->error && !ended->nonsense) since_ = now;
  if (ended && ended->error) return refused(*ended->error, now);
  if (ended && ended->nonsense) {
    listing_ = true;
    return fail(fmt::format("a line of the watch on {} makes no sense: {}", intent_.resource,
                            *ended->nonsense),
                now);
  }
  if (answer.ok() && answer->status != 200) return refused(status_of(*answer), now);
  if (!answer.ok() && (!lived || silent)) return fail(answer.error().message, now);
  if (!lived) {
    return fail(fmt::format("the watch on {} ends as soon as it is opened", intent_.resource), now);
  }
  not_before_ = now;
}

// --------------------------------------------------------------------------------------- failures

/// A request, or a watch under way, was answered with an error.
void Watch::refused(const ServerStatus& status, TimePoint now) {
  if (status.code == 410 && !listing_) return list_again(now);
  const bool same_version_will_do = status.code == 429 || status.code == 401 || status.code == 403;
  if (!same_version_will_do) listing_ = true;
  fail(explain(intent_, status), now, status.retry_after);
}

void Watch::fail(const std::string& words, TimePoint now, std::optional<Duration> wish) {
  continue_token_.clear();
  if (now - since_ >= kLongOutage) listing_ = true;
  not_before_ = now + std::max(wait_after_failure(now), wish.value_or(Duration(0)));
  in_sync_ = false;
  sink_.lost(since_, words);
}

Duration Watch::wait_after_failure(TimePoint now) {
  if (last_failure_ && now - *last_failure_ > kHealthy) backoff_.reset();
  last_failure_ = now;
  return backoff_.next();
}

}  // namespace jobscaler::kube
