#include "kube/watcher.h"

#include <cpprest/json.h>

#include "kube/facts.h"
#include "kube/names.h"

namespace jobscaler::kube {
namespace {

constexpr std::size_t kMostSayings = 1000;

const char* name_of(Resource resource) {
  return resource == Resource::jobs ? "jobs.batch" : "pods";
}

}  // namespace

Watcher::Watcher(Session& session, Health& health, EventFinder& events, Resource resource,
                 Marks* marks)
    : session_(session), health_(health), events_(events), resource_(resource), marks_(marks) {}

void Watcher::run() {
  const auto name_space = session_.api.name_space();
  Watch watch({"list and watch", name_of(resource_), name_space.ok() ? *name_space : "(unknown)"},
              selector_of(session_.instance), BootClock::now(), real_random(), *this);
  while (session_.pace.sleep_until(watch.next().at, watch.list_asked_at())) {
    if (is_outdated(watch)) watch.list_anew(BootClock::now());
    const auto next = watch.next();
    const auto where = session_.api.name_space();
    if (!where.ok()) {
      watch.list_asked(BootClock::now());
      watch.list_answered(where.error(), BootClock::now());
    } else if (next.what == Watch::Next::Do::list) {
      list(watch, *where, next.query);
    } else {
      stream(watch, *where, next);
    }
  }
}

void Watcher::list(Watch& watch, const std::string& name_space, const std::string& query) {
  watch.list_asked(BootClock::now());
  auto answer = session_.api.send(request(name_space, query));
  if (answer.ok() && answer->status == 200 && !session_.api.clock().ahead()) {
    // Ages would have to be made up.
    answer = Error{ErrorKind::malformed, "the API server's answers have no Date header"};
  }
  if (marks_ != nullptr && answer.ok() && answer->status == 200) {
    // After the list and told before it: a Job that is not in it any more is then in the marks.
    if (auto problem = marks_->load()) answer = std::move(*problem);
  }
  watch.list_answered(answer, BootClock::now());
}

void Watcher::stream(Watch& watch, const std::string& name_space, const Watch::Next& next) {
  const auto answer = session_.api.stream(
      request(name_space, next.query), next.idle_timeout,
      [&](const std::string& line) { return watch.line(line, BootClock::now()); },
      [&] {
        watch.watch_opened(BootClock::now());
        if (is_outdated(watch)) session_.api.end_streams();  // it was not open when others were
      });
  if (!is_outdated(watch)) watch.watch_ended(answer, BootClock::now());
}

bool Watcher::is_outdated(const Watch& watch) const {
  return session_.pace.is_outdated(watch.list_asked_at());
}

http::Request Watcher::request(const std::string& name_space, const std::string& query) const {
  http::Request request;
  request.path =
      (resource_ == Resource::jobs ? jobs_path(name_space) : pods_path(name_space)) + "?" + query;
  return request;
}

void Watcher::list_began(TimePoint asked_at) {
  tell([&](Store& store) {
    resource_ == Resource::jobs ? store.jobs_began(asked_at) : store.pods_began(asked_at);
    return Store::Events{};
  });
}

void Watcher::listed(const Json& object) {
  if (resource_ == Resource::jobs) {
    auto job = parse_job(object);
    if (!job.ok()) return say_once(job.error().message);
    return tell([&](Store& store) {
      store.job_listed(std::move(*job));
      return Store::Events{};
    });
  }
  auto pod = parse_pod(object);
  if (!pod.ok()) return say_once(pod.error().message);
  tell([&](Store& store) {
    store.pod_listed(std::move(*pod));
    return Store::Events{};
  });
}

void Watcher::list_ended() {
  tell([&](Store& store) {
    return resource_ == Resource::jobs ? store.jobs_ended() : store.pods_ended();
  });
  events_.wake();
}

void Watcher::changed(const Json& object) {
  if (resource_ == Resource::jobs) {
    auto job = parse_job(object);
    if (!job.ok()) return say_once(job.error().message);
    tell([&](Store& store) { return store.job_seen(std::move(*job)); });
  } else {
    auto pod = parse_pod(object);
    if (!pod.ok()) return say_once(pod.error().message);
    tell([&](Store& store) { return store.pod_seen(std::move(*pod)); });
  }
  events_.wake();
}

void Watcher::deleted(const Json& object) {
  const auto uid = text(object, {"metadata", "uid"});
  tell([&](Store& store) {
    return resource_ == Resource::jobs ? store.job_gone(uid) : store.pod_gone(uid);
  });
}

void Watcher::synced() {
  health_.synced(resource_);
}

void Watcher::lost(TimePoint since, const std::string& words) {
  health_.lost(resource_, since, words);
}

void Watcher::tell(const std::function<Store::Events(Store&)>& news) {
  session_.workers.update(news);
}

/// Objects with our labels that are not ours come back with every list.
void Watcher::say_once(const std::string& words) {
  if (said_.size() >= kMostSayings || !said_.insert(words).second) return;
  session_.note(Level::warn, "kubernetes", words + "; it is ignored");
}

}  // namespace jobscaler::kube
