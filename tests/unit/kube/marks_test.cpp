#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "fake_api.h"
#include "kube/deleter.h"
#include "kube/marks.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace jobscaler::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kLeases = "/apis/coordination.k8s.io/v1/namespaces/workers/leases";
constexpr auto kLease =
    "/apis/coordination.k8s.io/v1/namespaces/workers/leases/jobscaler-jobscaler";
constexpr auto kJob = "/apis/batch/v1/namespaces/workers/jobs/orders-1";

struct Bench {
  ~Bench() { session.close(); }

  void remove(const std::string& name, const std::string& uid, Duration age = 0s) {
    deleter.remove({"orders", name, uid, BootClock::now() - age});
  }

  FakeApi api;
  RecordingOutbox outbox;
  Session session{api.config(), outbox};
  Marks marks{session};
  Deleter deleter{session, marks};
};

Answer lease(const std::string& version, const std::string& annotations = "{}") {
  return reply(200, R"({"kind": "Lease", "metadata": {"name": "jobscaler-jobscaler",
                        "resourceVersion": ")" +
                        version + R"(", "annotations": )" + annotations + "}}");
}

}  // namespace

TEST_CASE("marks are loaded from the Lease") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("1", R"({"jobscaler.io/mark-orders": "41"})")});
  REQUIRE_FALSE(bench.marks.load());
  const auto loaded = bench.outbox.next<event::MarksLoaded>();
  REQUIRE(loaded);
  CHECK(loaded->marks == MarkMap{{"orders", 41}});
}

TEST_CASE("a missing Lease is created, and has no marks") {
  Bench bench;
  bench.api.on("GET", kLease, {status_reply(404, "NotFound", "not found")});
  bench.api.on("POST", kLeases, {reply(201, "{}")});
  REQUIRE_FALSE(bench.marks.load());
  CHECK(bench.outbox.next<event::MarksLoaded>()->marks.empty());
  const auto posts = bench.api.calls("POST", kLeases);
  REQUIRE(posts.size() == 1);
  CHECK(text(Json::parse(posts[0].body), {"metadata", "name"}) == "jobscaler-jobscaler");
}

TEST_CASE("a Lease that may not be read tells no marks, and what to do") {
  Bench bench;
  bench.api.on("GET", kLease, {status_reply(403, "Forbidden", "leases is forbidden")});
  const auto problem = bench.marks.load();
  REQUIRE(problem);
  CHECK(problem->message ==
        "not allowed to get leases.coordination.k8s.io in namespace workers (403): leases is "
        "forbidden; grant the verb in the Role that our account is bound to");
  CHECK(bench.outbox.events().empty());
}

TEST_CASE("a Lease that may not be created tells no marks, either") {
  Bench bench;
  bench.api.on("GET", kLease, {status_reply(404, "NotFound", "not found")});
  bench.api.on("POST", kLeases, {status_reply(403, "Forbidden", "no")});
  const auto problem = bench.marks.load();
  REQUIRE(problem);
  CHECK(problem->message.rfind("not allowed to create leases.coordination.k8s.io", 0) == 0);
  CHECK(bench.outbox.events().empty());
}

TEST_CASE("a Lease that is no JSON is not read as one without marks") {
  Bench bench;
  bench.api.on("GET", kLease, {reply(200, "<html>")});
  CHECK(bench.marks.load());
}

TEST_CASE("JSON that is no Lease is not one without marks") {
  for (const auto* body : {"{}", "[]", "null", R"({"kind": "Status", "metadata": {}})",
                           R"({"kind": "Lease"})", R"({"kind": "Lease", "metadata": "x"})",
                           R"({"kind": "Lease", "metadata": {"annotations": "x"}})"}) {
    INFO(body);
    Bench bench;
    bench.api.on("GET", kLease, {reply(200, body)});
    const auto problem = bench.marks.load();
    REQUIRE(problem);
    CHECK(problem->message == "the API server's answer is not a Lease");
    CHECK(bench.outbox.events().empty());
  }
}

TEST_CASE("a Lease of an odd shape is said and asked for again, and stop returns") {
  for (const auto* body : {"[]", "\"ok\"", R"({"metadata": {"annotations": "x"}})"}) {
    INFO(body);
    Bench bench;
    bench.api.on("GET", kLease, {reply(200, body), lease("5")});
    bench.api.on("PUT", kLease, {reply(200, "{}")});
    bench.marks.record({"orders", 7});
    CHECK(
        bench.outbox.noted("the Lease with the names of earlier workers cannot be written, "
                           "retrying: the API server's answer is not a Lease"));
    CHECK(bench.api.has_calls("PUT", kLease, 1));
  }
}

TEST_CASE("an annotation that is no number is named and left out") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("1", R"({"jobscaler.io/mark-orders": "x"})")});
  REQUIRE_FALSE(bench.marks.load());
  CHECK(
      bench.outbox.noted("annotation jobscaler.io/mark-orders of Lease jobscaler-jobscaler is not "
                         "a number and is ignored"));
}

TEST_CASE("a mark is written with the version that was read") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5")});
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  bench.marks.record({"orders", 7});
  REQUIRE(bench.api.has_calls("PUT", kLease, 1));
  const auto put = Json::parse(bench.api.calls("PUT", kLease)[0].body);
  CHECK(text(put, {"metadata", "resourceVersion"}) == "5");
  CHECK(marks_of(put) == MarkMap{{"orders", 7}});
}

TEST_CASE("a conflict is read again and the higher mark kept") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5"), lease("6", R"({"jobscaler.io/mark-clicks": "90"})")});
  bench.api.on("PUT", kLease, {status_reply(409, "Conflict", "modified"), reply(200, "{}")});
  bench.marks.record({"orders", 7});
  REQUIRE(bench.api.has_calls("PUT", kLease, 2));
  const auto put = Json::parse(bench.api.calls("PUT", kLease)[1].body);
  CHECK(text(put, {"metadata", "resourceVersion"}) == "6");
  CHECK(marks_of(put) == MarkMap{{"orders", 7}, {"clicks", 90}});
}

TEST_CASE("a conflict that stays is retried with pauses, and said") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5")});
  bench.api.on("PUT", kLease, {status_reply(409, "Conflict", "modified")});
  bench.marks.record({"orders", 7});
  CHECK(
      bench.outbox.noted("retrying: cannot update leases.coordination.k8s.io in namespace workers "
                         "(409): modified"));
  bench.session.timers.after(300ms, [&] { bench.session.note(Level::info, "test", "later"); });
  REQUIRE(bench.outbox.noted("later"));
  CHECK(bench.api.calls("PUT", kLease).size() < 10);  // without pauses there are a thousand
}

TEST_CASE("a mark that the Lease already has is not written") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5", R"({"jobscaler.io/mark-orders": "9"})")});
  bench.api.on("DELETE", kJob, {reply(200, "{}")});
  bench.marks.record({"orders", 7});
  bench.remove("orders-1", "u1");  // waits for the mark
  REQUIRE(bench.api.has_calls("DELETE", kJob, 1));
  CHECK(bench.api.calls("PUT", kLease).empty());
}

TEST_CASE("a mark is written as soon as the API server lets it, said once") {
  Bench bench;
  bench.api.on("GET", kLease,
               {status_reply(503, "", "starting"), status_reply(503, "", "starting"), lease("5")});
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  bench.marks.record({"orders", 7});
  REQUIRE(bench.api.has_calls("PUT", kLease, 1));
  int said = 0;
  for (const auto& note : bench.outbox.notes()) {
    said += note.text ==
            "the Lease with the names of earlier workers cannot be written, retrying: cannot get "
            "leases.coordination.k8s.io in namespace workers (503): starting";
  }
  CHECK(said == 1);
}

TEST_CASE("a Lease that somebody deleted is created again with the marks") {
  Bench bench;
  bench.api.on(
      "GET", kLease,
      {lease("1", R"({"jobscaler.io/mark-clicks": "41", "jobscaler.io/mark-orders": "3"})"),
       status_reply(404, "NotFound", "not found")});
  bench.api.on("POST", kLeases, {reply(201, "{}")});
  REQUIRE_FALSE(bench.marks.load());
  bench.marks.record({"orders", 7});
  REQUIRE(bench.api.has_calls("POST", kLeases, 1));
  CHECK(marks_of(Json::parse(bench.api.calls("POST", kLeases)[0].body)) ==
        MarkMap{{"clicks", 41}, {"orders", 7}});
}

TEST_CASE("marks that come while one is written are written after it") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5"), lease("6", R"({"jobscaler.io/mark-orders": "1"})")});
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  for (int number = 1; number <= 20; ++number) bench.marks.record({"orders", number});
  bench.marks.record({"orders", 3});
  REQUIRE(bench.api.has_calls("PUT", kLease, 1));
  bench.api.on("DELETE", kJob, {reply(200, "{}")});
  bench.remove("orders-1", "u1");
  REQUIRE(bench.api.has_calls("DELETE", kJob, 1));
  const auto puts = bench.api.calls("PUT", kLease);
  CHECK(marks_of(Json::parse(puts.back().body)) == MarkMap{{"orders", 20}});
}

TEST_CASE("a Job is not deleted before its scaler's mark is written") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5")});
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  bench.api.on("DELETE", kJob, {reply(200, "{}")});
  bench.marks.record({"orders", 1});
  bench.remove("orders-1", "u1");
  REQUIRE(bench.api.has_calls("DELETE", kJob, 1));
  CHECK(bench.api.calls("PUT", kLease).size() == 1);
}

TEST_CASE("a deletion whose mark cannot be written is forgotten, not kept") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5")});
  bench.api.on("PUT", kLease, {status_reply(403, "Forbidden", "no"), reply(200, "{}")});
  bench.api.on("DELETE", "/apis/batch/v1/namespaces/workers/jobs/", {reply(200, "{}")});
  bench.marks.record({"orders", 2});
  bench.remove("orders-1", "u1");  // waits for the write that will fail
  REQUIRE(bench.api.has_calls("PUT", kLease, 2));
  bench.marks.record({"orders", 3});
  REQUIRE(bench.api.has_calls("PUT", kLease, 3));  // so the second was done
  bench.remove("orders-2", "u2");
  REQUIRE(bench.api.has_calls("DELETE", "/apis/batch/v1/namespaces/workers/jobs/orders-2", 1));
  CHECK(bench.api.calls("DELETE", kJob).empty());
}

TEST_CASE("while marks cannot be written no deletion waits for one") {
  Bench bench;
  bench.api.on("GET", kLease, {status_reply(403, "Forbidden", "no"), lease("5")});
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  bench.api.on("DELETE", "/apis/batch/v1/namespaces/workers/jobs/", {reply(200, "{}")});
  bench.marks.record({"orders", 2});
  REQUIRE(bench.outbox.noted("cannot be written, retrying"));
  bench.remove("orders-1", "u1");
  REQUIRE(bench.api.has_calls("PUT", kLease, 1));
  bench.marks.record({"orders", 3});
  REQUIRE(bench.api.has_calls("PUT", kLease, 2));  // so the first was done
  bench.remove("orders-2", "u2");
  REQUIRE(bench.api.has_calls("DELETE", "/apis/batch/v1/namespaces/workers/jobs/orders-2", 1));
  CHECK(bench.api.calls("DELETE", kJob).empty());
}

TEST_CASE("marks that the Lease has lost are written again when it is read") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5")});
  bench.api.on("PUT", kLease, {reply(200, "{}")});
  bench.marks.record({"orders", 7});
  std::promise<void> written;  // the answer has come, too
  bench.marks.after_written("orders", [&] { written.set_value(); });
  REQUIRE(written.get_future().wait_for(std::chrono::seconds(30)) == std::future_status::ready);
  REQUIRE_FALSE(bench.marks.load());
  REQUIRE(bench.api.has_calls("PUT", kLease, 2));
  CHECK(marks_of(Json::parse(bench.api.calls("PUT", kLease)[1].body)) == MarkMap{{"orders", 7}});
}

TEST_CASE("a Job is deleted with its pods, and only if it is still the same") {
  Bench bench;
  bench.api.on("DELETE", kJob, {reply(200, "{}")});
  bench.remove("orders-1", "u1");
  REQUIRE(bench.api.has_calls("DELETE", kJob, 1));
  const auto options = Json::parse(bench.api.calls("DELETE", kJob)[0].body);
  CHECK(text(options, {"propagationPolicy"}) == "Background");
  CHECK(text(options, {"preconditions", "uid"}) == "u1");
}

TEST_CASE("a Job that is gone already, or is another one now, is told as gone") {
  for (const auto& answer :
       {status_reply(404, "NotFound", "not found"),
        status_reply(409, "Conflict", "Precondition failed: UID in precondition: u1")}) {
    Bench bench;
    bench.session.workers.update([](Store& store) {
      store.pods_ended();
      store.jobs_ended();
      WorkerFacts job;
      job.name = "orders-1";
      job.uid = "u1";
      return store.job_seen(job);
    });
    bench.api.on("DELETE", kJob, {answer});
    bench.remove("orders-1", "u1");
    const auto gone = bench.outbox.next<event::WorkerGone>();
    REQUIRE(gone);
    CHECK(gone->uid == "u1");
  }
}

TEST_CASE("only the API server's own word makes a worker gone") {
  for (const auto& answer : {reply(404, "<html>not found</html>"),
                             status_reply(409, "Conflict", "modified meanwhile")}) {
    Bench bench;
    bench.api.on("DELETE", kJob, {answer});
    bench.session.workers.update([](Store& store) {
      store.pods_ended();
      store.jobs_ended();
      WorkerFacts job;
      job.name = "orders-1";
      job.uid = "u1";
      return store.job_seen(job);
    });
    bench.remove("orders-1", "u1");
    REQUIRE(bench.outbox.noted("orders-1 is not deleted: "));
    for (const auto& event : bench.outbox.events()) {
      CHECK_FALSE(std::holds_alternative<event::WorkerGone>(event));
    }
  }
}

TEST_CASE("a deletion that fails is said in words") {
  Bench bench;
  bench.api.on("DELETE", kJob, {status_reply(403, "Forbidden", "no")});
  bench.remove("orders-1", "u1");
  CHECK(
      bench.outbox.noted("orders-1 is not deleted: not allowed to delete jobs.batch in namespace "
                         "workers (403): no"));
}

TEST_CASE("a deletion that was decided long ago, or that we may not decide any more, is dropped") {
  Bench bench;
  bench.api.on("DELETE", "/apis/batch/v1/namespaces/workers/jobs/", {reply(200, "{}")});
  bench.remove("orders-1", "u1", 3s);
  bench.session.leadership.lead({}, BootClock::now() - 1ms, "us");
  bench.remove("orders-1", "u1");
  bench.session.leadership.lead({}, BootClock::now() + 1h, "us");
  bench.remove("orders-2", "u2");
  REQUIRE(bench.api.has_calls("DELETE", "/apis/batch/v1/namespaces/workers/jobs/orders-2", 1));
  bench.session.close();
  CHECK(bench.api.calls("DELETE", kJob).empty());
  for (const auto& note : bench.outbox.notes()) CHECK(note.subject != "orders");
}

TEST_CASE("a deletion that its mark has made wait for too long is dropped") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5")});
  bench.api.on("PUT", kLease, {held(reply(200, "{}"))});
  bench.api.on("DELETE", "/apis/batch/v1/namespaces/workers/jobs/", {reply(200, "{}")});
  bench.marks.record({"orders", 1});
  REQUIRE(bench.api.has_calls("PUT", kLease, 1));
  bench.session.leadership.lead({}, BootClock::now() + 10ms, "us");
  const auto until = bench.session.leadership.until(BootClock::now());
  bench.remove("orders-1", "u1");
  while (BootClock::now() <= until) std::this_thread::yield();
  std::promise<void> written;
  bench.marks.after_written("orders", [&] { written.set_value(); });
  bench.api.let_go();
  REQUIRE(written.get_future().wait_for(30s) == std::future_status::ready);
  bench.session.leadership.lead({}, BootClock::now() + 1h, "us");
  bench.remove("orders-2", "u2");
  REQUIRE(bench.api.has_calls("DELETE", "/apis/batch/v1/namespaces/workers/jobs/orders-2", 1));
  CHECK(bench.api.calls("DELETE", kJob).empty());
}

TEST_CASE("a mark is written again when the API server wishes it to be") {
  Bench bench;
  bench.api.on("GET", kLease, {lease("5")});
  bench.api.on(
      "PUT", kLease,
      {status_reply(429, "TooManyRequests", "busy", "Retry-After: 4\r\n"), reply(200, "{}")});
  const auto begin = BootClock::now();
  bench.marks.record({"orders", 1});
  REQUIRE(bench.api.has_calls("PUT", kLease, 2));
  CHECK(BootClock::now() - begin > 4s);  // no machine is too fast for that
}
