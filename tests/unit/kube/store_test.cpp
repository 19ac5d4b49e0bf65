#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "kube/store.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace std::chrono_literals;

namespace {

WorkerFacts job(const std::string& name, const std::string& uid) {
  WorkerFacts facts;
  facts.name = name;
  facts.uid = uid;
  facts.scaler = "s";
  return facts;
}

WorkerFacts finished(WorkerFacts facts) {
  facts.outcome = WorkerFacts::Outcome::complete;
  return facts;
}

OwnedPod pod(const std::string& uid, const std::string& owner, TimePoint created = {}) {
  OwnedPod owned;
  owned.facts.name = "pod-" + uid;
  owned.facts.uid = uid;
  owned.facts.created = created;
  owned.owner_uid = owner;
  return owned;
}

OwnedPod ready(OwnedPod owned) {
  owned.facts.scheduled = owned.facts.ready = ServerTime(5s);
  return owned;
}

/// "listed(a b/p1) seen(a/p1) gone(a)": a worker's name and its pod's uid, if it has one.
std::string name_of(const WorkerFacts& worker) {
  return worker.name + (worker.pod ? "/" + worker.pod->uid : "");
}

std::string say(const Store::Events& events) {
  std::string text;
  const auto add = [&](const std::string& what) { text += (text.empty() ? "" : " ") + what; };
  for (const auto& event : events) {
    if (const auto* seen = std::get_if<event::WorkerSeen>(&event)) {
      add("seen(" + name_of(seen->worker) + ")");
    } else if (const auto* gone = std::get_if<event::WorkerGone>(&event)) {
      add("gone(" + gone->name + ")");
    } else if (const auto* listed = std::get_if<event::WorkersListed>(&event)) {
      std::string names;
      for (const auto& worker : listed->workers) names += " " + name_of(worker);
      add("listed(" + (names.empty() ? "" : names.substr(1)) + ")");
    }
  }
  return text;
}

std::string list_jobs(Store& store, const std::vector<WorkerFacts>& jobs, TimePoint asked = {}) {
  store.jobs_began(asked);
  for (const auto& j : jobs) store.job_listed(j);
  return say(store.jobs_ended());
}

std::string list_pods(Store& store, const std::vector<OwnedPod>& pods, TimePoint asked = {}) {
  store.pods_began(asked);
  for (const auto& p : pods) store.pod_listed(p);
  return say(store.pods_ended());
}

/// With Job "a" (uid j1) and its pod p1.
Store listed_store() {
  Store store;
  list_jobs(store, {job("a", "j1")});
  list_pods(store, {pod("p1", "j1")});
  return store;
}

}  // namespace

TEST_CASE("nothing is told before both lists are in, whichever comes first") {
  Store jobs_first;
  CHECK(list_jobs(jobs_first, {job("a", "j1")}).empty());
  CHECK(list_pods(jobs_first, {pod("p1", "j1")}) == "listed(a/p1)");
  Store pods_first;
  CHECK(list_pods(pods_first, {pod("p1", "j1")}).empty());
  CHECK(say(pods_first.pod_seen(pod("p2", "j2"))).empty());
  CHECK(list_jobs(pods_first, {job("a", "j1")}) == "listed(a/p1)");
}

TEST_CASE("the list says when it was asked for") {
  Store store;
  list_pods(store, {});
  store.jobs_began(TimePoint(7s));
  const auto events = store.jobs_ended();
  REQUIRE(events.size() == 1);
  CHECK(std::get<event::WorkersListed>(events[0]).asked_at == TimePoint(7s));
}

TEST_CASE("a worker is told when it has changed and only then") {
  auto store = listed_store();
  CHECK(say(store.job_seen(job("a", "j1"))).empty());
  CHECK(say(store.pod_seen(ready(pod("p1", "j1")))) == "seen(a/p1)");
  CHECK(say(store.pod_seen(ready(pod("p1", "j1")))).empty());
  CHECK(say(store.job_seen(finished(job("a", "j1")))) == "seen(a/p1)");
}

TEST_CASE("a pod that comes before its Job is joined when the Job comes") {
  auto store = listed_store();
  CHECK(say(store.pod_seen(pod("p2", "j2"))).empty());
  CHECK(say(store.job_seen(job("b", "j2"))) == "seen(b/p2)");
}

TEST_CASE("a pod belongs to the Job that owns it and not to a namesake") {
  auto store = listed_store();
  auto stranger = pod("p9", "j-old");
  stranger.job_name = "a";
  CHECK(say(store.pod_seen(stranger)).empty());
}

TEST_CASE("a pod without an owner belongs to the Job its label names") {
  auto store = listed_store();
  store.pod_gone("p1");
  auto orphan = pod("p2", "");
  orphan.job_name = "a";
  CHECK(say(store.pod_seen(orphan)) == "seen(a/p2)");
}

TEST_CASE("of several pods the newest that is not going counts") {
  auto store = listed_store();
  CHECK(say(store.pod_seen(pod("p2", "j1", ServerTime(10s)))) == "seen(a/p2)");
  CHECK(say(store.pod_seen(pod("p0", "j1", ServerTime(5s)))).empty());
  auto going = pod("p2", "j1", ServerTime(10s));
  going.facts.deleting = true;
  CHECK(say(store.pod_seen(going)) == "seen(a/p0)");
}

TEST_CASE("a pod that is gone leaves its worker without one") {
  auto store = listed_store();
  CHECK(say(store.pod_gone("p1")) == "seen(a)");
  CHECK(say(store.pod_gone("p1")).empty());
  CHECK(say(store.pod_gone("never-there")).empty());
}

TEST_CASE("a Job that is gone is told once, and stale events do not bring it back") {
  auto store = listed_store();
  CHECK(say(store.job_gone("j1")) == "gone(a)");
  CHECK(say(store.job_gone("j1")).empty());
  CHECK(say(store.job_seen(job("a", "j1"))).empty());
  CHECK(list_jobs(store, {job("a", "j1")}) == "listed()");
  CHECK(say(store.job_seen(job("a", "j2"))) == "seen(a)");
}

TEST_CASE("a stale event does not make a finished worker unfinished") {
  auto store = listed_store();
  store.job_seen(finished(job("a", "j1")));
  CHECK(say(store.job_seen(job("a", "j1"))).empty());
}

TEST_CASE("a stale event does not take a pod back to before it was scheduled, or over") {
  auto store = listed_store();
  store.pod_seen(ready(pod("p1", "j1")));
  CHECK(say(store.pod_seen(pod("p1", "j1"))).empty());
  auto over = ready(pod("p1", "j1"));
  over.facts.stage = PodFacts::Stage::failed;
  CHECK(say(store.pod_seen(over)) == "seen(a/p1)");
  CHECK(say(store.pod_seen(ready(pod("p1", "j1")))).empty());
}

TEST_CASE("a pod that stops being ready is news, not stale") {
  auto store = listed_store();
  store.pod_seen(ready(pod("p1", "j1")));
  auto unready = ready(pod("p1", "j1"));
  unready.facts.ready.reset();
  CHECK(say(store.pod_seen(unready)) == "seen(a/p1)");
}

TEST_CASE("a later list, of Jobs or of Pods, replaces everything") {
  auto store = listed_store();
  CHECK(list_jobs(store, {job("b", "j2")}) == "listed(b)");
  CHECK(list_pods(store, {pod("p2", "j2")}) == "listed(b/p2)");
  CHECK(list_pods(store, {}) == "listed(b)");
}

TEST_CASE("Jobs listed again before the pods do not pass for a list of both") {
  Store store;
  store.pods_began(TimePoint(1s));
  store.pods_ended();
  const auto told = [](const Store::Events& events) {
    REQUIRE(events.size() == 1);
    const auto& listed = std::get<event::WorkersListed>(events[0]);
    return std::pair(listed.asked_at, *listed.pods_asked_at);
  };
  store.jobs_began(TimePoint(2s));
  CHECK(told(store.jobs_ended()) == std::pair(TimePoint(2s), TimePoint(1s)));
  store.pods_began(TimePoint(900s));  // and not in yet
  store.jobs_began(TimePoint(901s));
  CHECK(told(store.jobs_ended()) == std::pair(TimePoint(901s), TimePoint(1s)));
  store.jobs_began(TimePoint(902s));
  CHECK(told(store.pods_ended()) == std::pair(TimePoint(901s), TimePoint(900s)));
}

TEST_CASE("a list that starts over forgets its first attempt") {
  Store store;
  list_pods(store, {});
  store.jobs_began({});
  store.job_listed(job("a", "j1"));
  store.jobs_began({});
  store.job_listed(job("b", "j2"));
  CHECK(say(store.jobs_ended()) == "listed(b)");
}

TEST_CASE("a Job we created is known before the watch brings it, and is not told twice") {
  auto store = listed_store();
  const auto known = store.job_created(job("b", "j2"));
  REQUIRE(known);
  CHECK(name_of(*known) == "b");
  CHECK(say(store.job_seen(job("b", "j2"))).empty());
  CHECK(say(store.pod_seen(pod("p2", "j2"))) == "seen(b/p2)");
}

TEST_CASE("what the watch has brought is newer than the answer to the creation") {
  auto store = listed_store();
  store.pod_seen(pod("p2", "j2"));
  store.job_seen(finished(job("b", "j2")));
  const auto known = store.job_created(job("b", "j2"));
  REQUIRE(known);
  CHECK(name_of(*known) == "b/p2");
  CHECK(is_finished(*known));
}

TEST_CASE("a Job that is gone before its creation is answered is not there") {
  auto store = listed_store();
  store.job_seen(job("b", "j2"));
  store.job_gone("j2");
  CHECK_FALSE(store.job_created(job("b", "j2")));
}

TEST_CASE("a Job read back as finished is finished, whatever the watch has said so far") {
  auto store = listed_store();
  const auto known = store.job_created(finished(job("a", "j1")));
  REQUIRE(known);
  CHECK(is_finished(*known));
}

TEST_CASE("a list that is older than our own creation does not lose it") {
  auto store = listed_store();
  store.jobs_began({});
  store.job_listed(job("a", "j1"));
  store.job_created(job("b", "j2"));
  CHECK(say(store.jobs_ended()) == "listed(a/p1 b)");
  CHECK(list_jobs(store, {job("a", "j1")}) == "listed(a/p1)");
}

TEST_CASE("a Job created during a list and gone before its end is not in it") {
  auto store = listed_store();
  store.jobs_began({});
  store.job_created(job("b", "j2"));
  store.job_gone("j2");
  CHECK(say(store.jobs_ended()) == "listed()");
}

TEST_CASE("events' words are about the pod, or about the Job while it has none") {
  auto store = listed_store();
  store.job_seen(job("b", "j2"));
  const auto created = store.event_found("j2", {"FailedCreate", "job-controller: FailedCreate x"});
  REQUIRE(created.size() == 1);
  CHECK(std::get<event::WorkerSeen>(created[0]).worker.event_words ==
        "job-controller: FailedCreate x");
  const auto with_pod = store.pod_seen(pod("p2", "j2"));
  CHECK(std::get<event::WorkerSeen>(with_pod.at(0)).worker.event_words.empty());
  const auto scaling = store.event_found("p2", {"TriggeredScaleUp", "w"});
  CHECK(std::get<event::WorkerSeen>(scaling.at(0)).worker.event_reason == "TriggeredScaleUp");
  CHECK(store.event_found("p2", {"TriggeredScaleUp", "w"}).empty());
  CHECK(store.event_found("p2", {}).empty());
  CHECK(store.event_found("unknown", {"X", "x"}).empty());
}

TEST_CASE("unready are the unfinished workers whose pod is missing or not ready") {
  Store store;
  auto suspended = job("e", "j5");
  suspended.suspended = true;
  auto going = job("f", "j6");
  going.deleting = true;
  list_jobs(store, {job("a", "j1"), job("b", "j2"), job("c", "j3"), finished(job("d", "j4")),
                    suspended, going});
  list_pods(store, {pod("p1", "j1", ServerTime(9s)), ready(pod("p3", "j3"))});
  const auto unready = store.unready();
  REQUIRE(unready.size() == 2);
  CHECK(unready[0].subject == "p1");
  CHECK(unready[0].since == ServerTime(9s));
  CHECK(unready[1].subject == "j2");
}
