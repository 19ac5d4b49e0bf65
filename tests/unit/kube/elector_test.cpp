#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <thread>

#include "fake_api.h"
#include "http/counter.h"
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

TEST_CASE("who comes to lead says since when, and that older lists will not do") {
  Bench bench;
  bench.api.on("GET", kLease, {held_by("other"), held_by(""), held_by("thief"), held_by("")});
  const auto begin = BootClock::now();
  bench.elector.start();
  REQUIRE_FALSE(bench.change().leader);
  CHECK_FALSE(bench.session.pace.is_outdated(begin));
  const auto first = bench.change();
  REQUIRE(first.leader);
  CHECK(first.since > begin);
  CHECK(first.since < BootClock::now());
  REQUIRE(bench.api.has_calls("GET", kLease, 3));  // it has been said by then
  CHECK(bench.session.pace.is_outdated(first.since - 1ns));
  CHECK_FALSE(bench.session.pace.is_outdated(first.since));
  REQUIRE_FALSE(bench.change().leader);
  const auto again = bench.change();
  REQUIRE(again.leader);
  CHECK(again.since > first.since);
}

TEST_CASE("a claim whose answer is not in when we are told to stop is given up, too") {
  Bench bench;
  bench.api.on("GET", kLease, {held_by("dead")});
  bench.api.on("PUT", kLease, {held(reply(200, "{}")), reply(200, "{}")});
  bench.elector.start();
  REQUIRE_FALSE(bench.change().leader);
  REQUIRE(bench.api.has_calls("PUT", kLease, 1));  // the dead one's lease has run out
  const auto ours = record_of(Json::parse(bench.api.calls("PUT", kLease)[0].body))->holder;
  bench.api.on("GET", kLease, {held_by(ours)});
  Counter stopping;
  std::thread stopper([&] {
    stopping.add();
    bench.elector.release();
  });
  stopping.reaches(1);
  bench.api.let_go();
  stopper.join();
  const auto puts = bench.api.calls("PUT", kLease);
  REQUIRE(puts.size() == 2);
  CHECK(record_of(Json::parse(puts[1].body))->holder.empty());
}

TEST_CASE("the API server's wish when to look at the Lease again is respected") {
  Bench bench;
  bench.api.on("GET", kLease,
               {status_reply(429, "TooManyRequests", "busy", "Retry-After: 6\r\n"), held_by("")});
  const auto begin = BootClock::now();
  bench.elector.start();
  REQUIRE_FALSE(bench.change().leader);
  REQUIRE(bench.change().leader);
  CHECK(BootClock::now() - begin > 6s);  // no machine is too fast for that
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

TEST_CASE("a claim that gets no answer is said, as nobody else would") {
  Bench bench;
  bench.api.on("PUT", kLease, {drop(), drop(), reply(200, "{}")});
  bench.elector.start();
  REQUIRE(bench.change().leader == false);
  CHECK(bench.outbox.noted("cannot take Lease jobscaler-jobscaler, retrying: "));
}

TEST_CASE("what keeps a Lease from being read is left to those who watch to say") {
  Bench bench;
  bench.api.on("GET", kLease, {drop(), drop(), held_by("other")});
  bench.elector.start();
  while (bench.change().holder.empty()) {
  }
  for (const auto& note : bench.outbox.notes()) {
    CHECK(note.text.find("cannot take Lease") == std::string::npos);
  }
}

TEST_CASE("giving up a Lease is tried again when somebody else's write crosses it") {
  Bench bench;
  bench.elector.start();
  REQUIRE(bench.change().leader);
  const auto ours = record_of(Json::parse(bench.api.calls("PUT", kLease)[0].body))->holder;
  bench.api.on("GET", kLease, {held_by(ours)});
  bench.api.on("PUT", kLease, {status_reply(409, "Conflict", "modified"), reply(200, "{}")});
  const auto before = bench.api.calls("PUT", kLease).size();
  bench.elector.release();
  const auto puts = bench.api.calls("PUT", kLease);
  REQUIRE(puts.size() == before + 2);
  CHECK(record_of(Json::parse(puts.back().body))->holder.empty());
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
  REQUIRE(bench.api.has_calls("GET", kLease, 2));
  Counter asked;
  bench.session.lease.change([](const Json*) { return std::nullopt; },
                             [&](const LeaseWriter::Outcome&) { asked.add(); });
  bench.elector.release();
  // It has given up before the requests did that it waits for, each of which has five seconds.
  CHECK(asked.count() == 0);
}

TEST_CASE("a leadership that ran out unnoticed is told before anything is refused for it") {
  Bench bench;
  bench.session.leadership.lead({}, BootClock::now() - 1ms, "us");
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
  CHECK(leadership.lead(at(1s), at(10s), "us"));
  CHECK_FALSE(leadership.lead(at(2s), at(12s), "us"));
  CHECK(leadership.until(at(12s)) == at(12s));
  CHECK(leadership.until(at(12s + 1ns), "no answer") == at(12s));
  CHECK(leadership.until(at(13s)) == at(12s));
  CHECK(leadership.lead(at(20s), at(30s), "us"));
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
  const auto events = outbox.events();
  CHECK(events.size() == said.size());
  CHECK(std::get<event::LeadershipChanged>(events[0]).since == at(1s));
  CHECK(std::get<event::LeadershipChanged>(events[2]).since == at(20s));
}

TEST_CASE("who leads again after its lease had ended unnoticed comes to lead anew") {
  RecordingOutbox outbox;
  Leadership leadership(outbox, "l");
  CHECK(leadership.lead(at(1s), at(10s), "us"));
  CHECK_FALSE(leadership.lead(at(10s), at(20s), "us"));
  CHECK(leadership.lead(at(21s), at(31s), "us"));  // another may have led in between
  const auto events = outbox.events();
  REQUIRE(events.size() == 3);
  CHECK_FALSE(std::get<event::LeadershipChanged>(events[1]).leader);
  CHECK(std::get<event::LeadershipChanged>(events[2]).since == at(21s));
}
