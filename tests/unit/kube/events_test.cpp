#include <catch2/catch.hpp>

#include "fake_api.h"
#include "kube/event_finder.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace jobscaler::test;
using namespace std::chrono_literals;

namespace {

constexpr auto kEvents = "/api/v1/namespaces/workers/events";

/// Created a minute ago on the server's clock.
WorkerFacts orders_1() {
  WorkerFacts job;
  job.name = "orders-1";
  job.uid = "u1";
  job.scaler = "orders";
  job.created = *parse_rfc3339("2024-02-29T12:33:56Z");
  return job;
}

struct Bench {
  /// One Job "orders-1" without a pod.
  Bench() {
    api.on("GET", "/version", {reply(200, "{}")});
    http::Request request;
    request.path = "/version";
    REQUIRE(session.api.send(request).ok());  // sets the clock
    session.workers.update([](Store& store) {
      store.pods_ended();
      store.jobs_ended();
      return store.job_seen(orders_1());
    });
  }
  ~Bench() { session.close(); }

  FakeApi api;
  RecordingOutbox outbox;
  Session session{api.config(), outbox};
  EventFinder finder{session, {1ms, 20ms, 1ms}};
};

}  // namespace

TEST_CASE("a worker that has no pod gets the words of its Job's event") {
  Bench bench;
  bench.api.on("GET", kEvents, {reply(200, R"({"items": [{"reason": "FailedCreate",
      "message": "exceeded quota", "source": {"component": "job-controller"}}]})")});
  bench.finder.wake();
  const auto seen = bench.outbox.next<event::WorkerSeen>(
      [](const auto& event) { return !event.worker.event_words.empty(); });
  REQUIRE(seen);
  CHECK(seen->worker.event_words == "job-controller: FailedCreate exceeded quota");
  CHECK(bench.api.calls("GET", kEvents)[0].path ==
        std::string(kEvents) + "?fieldSelector=involvedObject.uid%3Du1");
}

TEST_CASE("events that may not be listed are missed in words, and not asked for again and again") {
  Bench bench;
  bench.api.on("GET", kEvents, {status_reply(403, "Forbidden", "no")});
  bench.finder.wake();
  CHECK(bench.outbox.noted("not allowed to list events in namespace workers (403): no"));
  bench.session.timers.after(200ms, [&] { bench.session.note(Level::info, "test", "later"); });
  REQUIRE(bench.outbox.noted("later"));
  CHECK(bench.api.calls("GET", kEvents).size() == 1);
}

TEST_CASE("a worker that stays unready is asked about again, and no longer once it is gone") {
  Bench bench;
  bench.api.on("GET", kEvents, {reply(200, R"({"items": []})")});
  bench.finder.wake();
  REQUIRE(bench.api.has_calls("GET", kEvents, 3));
  bench.session.workers.update([](Store& store) { return store.job_gone("u1"); });
  // One question may be on its way.
  const auto asked = bench.api.calls("GET", kEvents).size() + 1;
  bench.session.timers.after(200ms, [&] { bench.session.note(Level::info, "test", "later"); });
  REQUIRE(bench.outbox.noted("later"));
  CHECK(bench.api.calls("GET", kEvents).size() <= asked);
}

TEST_CASE("nothing is asked while every worker is finished") {
  Bench bench;
  bench.session.workers.update([](Store& store) {
    auto job = orders_1();
    job.outcome = WorkerFacts::Outcome::complete;
    return store.job_seen(job);
  });
  bench.finder.wake();
  bench.session.timers.after(300ms, [&] { bench.session.note(Level::info, "test", "later"); });
  REQUIRE(bench.outbox.noted("later"));
  CHECK(bench.api.calls("GET", kEvents).empty());
}
