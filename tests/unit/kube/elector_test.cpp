#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "fake_api.h"
#include "kube/cluster.h"
#include "kube/creator.h"
#include "kube/elector.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace jobscaler::test;
using namespace std::chrono_literals;

namespace {

using Kind = CreateOutcome::Kind;

constexpr auto kLeases = "/apis/coordination.k8s.io/v1/namespaces/workers/leases";
constexpr auto kLease =
    "/apis/coordination.k8s.io/v1/namespaces/workers/leases/jobscaler-jobscaler";
constexpr auto kJobs = "/apis/batch/v1/namespaces/workers/jobs";
constexpr auto kCreation = "/apis/batch/v1/namespaces/workers/jobs?fieldValidation=Strict";

/// An Elector on a scripted API server, and what acts in the leader's name.
struct Bench {
  ~Bench() { session.close(); }

  event::LeadershipChanged change() {
    const auto changed = outbox.next<event::LeadershipChanged>();
    REQUIRE(changed);
    return *changed;
  }

  Kind create() {
    creator.start({"orders", 1, "pool", BootClock::now()});
    const auto answered = outbox.next<event::CreateAnswered>();
    REQUIRE(answered);
    return answered->outcome.kind;
  }

  FakeApi api;
  RecordingOutbox outbox;
  Session session{api.config(), outbox};
  Marks marks{session};
  Elector elector{session, marks, api.config()};
  Creator creator{session, one_group(), {scaler_called("orders")}};
};

Answer held_by(const std::string& holder, const std::string& renewed = "then") {
  return reply(200, fmt::format(R"({{"kind": "Lease", "metadata": {{"resourceVersion": "7",
                                    "annotations": {{"jobscaler.io/mark-orders": "41"}}}},
                                    "spec": {{"holderIdentity": "{}", "leaseDurationSeconds": 15,
                                    "acquireTime": "t", "renewTime": "{}",
                                    "leaseTransitions": 4}}}})",
                                holder, renewed));
}

TimePoint at(Duration time) {
  return TimePoint(1h + time);
}

}  // namespace

TEST_CASE("a daemon that is alone leads at once, and says as whom") {
  Bench bench;
  bench.elector.start();
  CHECK(bench.change().leader);
  const auto put = Json::parse(bench.api.calls("PUT", kLease)[0].body);
  const auto record = record_of(put);
  REQUIRE(record);
  CHECK(bench.outbox.noted("leads: holds Lease jobscaler-jobscaler as " + record->holder));
  CHECK(record->duration_seconds == 15);
  CHECK(parse_rfc3339(record->renewed));
  CHECK(text(put, {"metadata", "resourceVersion"}) == "1");
}

TEST_CASE("a renewal leaves the marks as they are and names the version that was read") {
  Bench bench;
  bench.api.on("GET", kLease, {held_by("")});
  bench.elector.start();
  REQUIRE(bench.change().leader);
  REQUIRE(bench.api.has_calls("PUT", kLease, 2));
  const auto put = Json::parse(bench.api.calls("PUT", kLease)[1].body);
  CHECK(marks_of(put) == MarkMap{{"orders", 41}});
  CHECK(text(put, {"metadata", "resourceVersion"}) == "7");
  CHECK(bench.outbox.notes().size() == 1);  // renewals are not told
}

TEST_CASE("a Lease that somebody deleted is made again with the marks that are known") {
  Bench bench;
  bench.api.on("GET", kLease, {held_by(""), status_reply(404, "NotFound", "not found")});
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  bench.api.on("POST", kLeases, {reply(201, "{}")});
  REQUIRE_FALSE(bench.marks.load());
  bench.elector.start();
  REQUIRE(bench.change().leader);
  const auto made = Json::parse(bench.api.calls("POST", kLeases)[0].body);
  CHECK(marks_of(made) == MarkMap{{"orders", 41}});
  CHECK_FALSE(record_of(made)->holder.empty());
}

TEST_CASE("a daemon that stands by says for whom, and creates nothing") {
  Bench bench;
  bench.api.on("GET", kLease, {held_by("other")});
  bench.elector.start();
  const auto change = bench.change();
  CHECK_FALSE(change.leader);
  CHECK(change.holder == "other");
  CHECK(bench.outbox.noted("stands by: other holds Lease jobscaler-jobscaler"));
  CHECK(bench.create() == Kind::too_old);
  CHECK(bench.api.calls("POST", kCreation).empty());
  CHECK(bench.api.calls("PUT", kLease).empty());
}

TEST_CASE("who comes after another asks what Jobs there are, and for the marks, before it leads") {
  Bench bench;
  bench.session.workers.update([](Store& store) {
    store.pods_ended();
    return store.jobs_ended();
  });
  const auto list = std::string(kJobs) + "?labelSelector";
  bench.api.on("GET", kLease, {held_by("other"), held_by("")});
  bench.api.on("GET", list,
               {status_reply(500, "", "boom"),
                reply(200, "{\"items\": [" + job_json("orders", 45, "u45") + "]}")});
  bench.elector.start();
  REQUIRE_FALSE(bench.change().leader);
  REQUIRE(bench.change().leader);
  CHECK(bench.api.calls("GET", list).size() == 2);
  std::string story;
  for (const auto& event : bench.outbox.events()) {
    if (std::holds_alternative<event::WorkersListed>(event)) story += "listed ";
    if (const auto* seen = std::get_if<event::WorkerSeen>(&event)) story += seen->worker.name + " ";
    if (const auto* loaded = std::get_if<event::MarksLoaded>(&event)) {
      story += fmt::format("mark {} ", loaded->marks.at("orders"));
    }
    if (const auto* changed = std::get_if<event::LeadershipChanged>(&event)) {
      story += changed->leader ? "leads" : "stands by ";
    }
  }
  CHECK(story == "listed stands by orders-45 mark 41 leads");
}

TEST_CASE("nothing is created before the election") {
  Bench bench;
  CHECK(bench.create() == Kind::too_old);
  CHECK(bench.api.calls("POST", kCreation).empty());
}

TEST_CASE("a leader whose Lease another has taken stops, and says so") {
  Bench bench;
  bench.api.on("GET", kLease, {held_by(""), held_by("thief")});
  bench.elector.start();
  REQUIRE(bench.change().leader);
  const auto change = bench.change();
  CHECK_FALSE(change.leader);
  CHECK(change.holder == "thief");
  CHECK(bench.outbox.noted("leads no more: thief has taken Lease jobscaler-jobscaler"));
  CHECK(bench.create() == Kind::too_old);
}

TEST_CASE("a claim that somebody else's write crosses is made again at once") {
  Bench bench;
  bench.api.on("PUT", kLease, {status_reply(409, "Conflict", "modified"), reply(200, "{}")});
  bench.elector.start();
  CHECK(bench.change().leader);
  CHECK(bench.api.calls("PUT", kLease).size() == 2);
}

TEST_CASE("a Lease that cannot be had is said once, and tried again") {
  Bench bench;
  const auto no = status_reply(403, "Forbidden", "leases is forbidden");
  bench.api.on("PUT", kLease, {no, no, reply(200, "{}")});
  bench.elector.start();
  const auto change = bench.change();
  CHECK_FALSE(change.leader);
  CHECK(change.holder.empty());
  CHECK(bench.change().leader);
  int said = 0;
  for (const auto& note : bench.outbox.notes()) {
    said += note.text ==
            "cannot take Lease jobscaler-jobscaler, retrying: not allowed to update "
            "leases.coordination.k8s.io in namespace workers (403): leases is forbidden; grant the "
            "verb in the Role that our account is bound to";
  }
  CHECK(said == 1);
}

TEST_CASE("a Lease of ours is given up, and no other") {
  Bench bench;
  bench.elector.start();
  REQUIRE(bench.change().leader);
  const auto ours = record_of(Json::parse(bench.api.calls("PUT", kLease)[0].body))->holder;
  bench.api.on("GET", kLease, {held_by(ours)});
  bench.elector.release();
  const auto put = Json::parse(bench.api.calls("PUT", kLease).back().body);
  const auto released = record_of(put);
  REQUIRE(released);
  CHECK(released->holder.empty());
  CHECK(released->duration_seconds == 1);
  CHECK(released->transitions == 4);
  CHECK(marks_of(put) == MarkMap{{"orders", 41}});

  Bench other;
  other.elector.start();
  REQUIRE(other.change().leader);
  other.api.on("GET", kLease, {held_by("another")});
  const auto written = other.api.calls("PUT", kLease).size();
  other.elector.release();
  CHECK(other.api.calls("PUT", kLease).size() == written);
}

TEST_CASE("giving up a Lease does not wait for a server that does not answer") {
  Bench bench;
  bench.elector.start();
  REQUIRE(bench.change().leader);
  bench.api.on("GET", kLease, {hang()});
  const auto begin = BootClock::now();
  bench.elector.release();
  CHECK(BootClock::now() - begin < 30s);  // the server never answers
}

TEST_CASE("a leadership that ran out unnoticed is told before anything is refused for it") {
  Bench bench;
  bench.session.leadership.lead(BootClock::now() - 1ms, "us");
  REQUIRE(bench.change().leader);
  CHECK(bench.create() == Kind::too_old);
  const auto events = bench.outbox.events();
  REQUIRE(events.size() == 3);
  CHECK_FALSE(std::get<event::LeadershipChanged>(events[1]).leader);
  CHECK(std::get<event::CreateAnswered>(events[2]).outcome.words ==
        "this daemon does not lead any more");
  CHECK(bench.api.calls("POST", kCreation).empty());
}

TEST_CASE("a change of leadership is told once") {
  RecordingOutbox outbox;
  Leadership leadership(outbox, "l");
  CHECK(leadership.until(at(0s)) == TimePoint::max());
  leadership.await();
  CHECK(leadership.until(at(0s)) == TimePoint::min());
  CHECK(outbox.events().empty());
  leadership.lead(at(10s), "us");
  leadership.lead(at(12s), "us");
  CHECK(leadership.until(at(12s)) == at(12s));
  CHECK(leadership.until(at(12s + 1ns), "no answer") == at(12s));
  CHECK(leadership.until(at(13s)) == at(12s));
  leadership.lead(at(30s), "us");
  leadership.stand_by("them");
  leadership.stand_by("them");
  leadership.stand_by("others");
  std::vector<std::string> said;
  for (const auto& note : outbox.notes()) said.push_back(note.text);
  CHECK(said == std::vector<std::string>{
                    "leads: holds Lease l as us",
                    "leads no more: Lease l was not renewed in time: no answer",
                    "leads: holds Lease l as us", "leads no more: them has taken Lease l",
                    "stands by: others holds Lease l"});
  CHECK(outbox.events().size() == said.size());
}
