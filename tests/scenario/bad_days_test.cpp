// Lost answers, restarts, stale views, frozen machines, brokers and API servers that are away.

#include <catch2/catch.hpp>

#include "scenario.h"

using namespace jobscaler;
using namespace jobscaler::scenario;

namespace {

EngineSpec eager(int max_workers = 20) {
  EngineSpec spec = one_scaler();
  spec.scalers[0].messages_per_worker = 10;
  spec.scalers[0].max_workers = max_workers;
  return spec;
}

bool drains(Scenario& s, Duration limit) {
  return s.world.run_until([&] { return s.cluster.queue("orders").drained(); }, limit);
}

}  // namespace

TEST_CASE("an answer lost after the write: the worker is found by its name and counted once") {
  Scenario s(eager());
  s.cluster.queue("orders").shows_in_flight = true;
  s.cluster.queue("orders").publish(40, seconds(2));
  s.daemon().faults.lose_next_answer = true;
  s.start();
  s.world.run_for(seconds(1));
  CHECK(s.cluster.created("orders") == 1);
  CHECK(s.decision("orders").reason == Reason::create_unanswered);
  REQUIRE(drains(s, minutes(3)));
  CHECK(s.said("orders-1 existed already and is taken over"));
  CHECK(s.cluster.created("orders") == 4);
}

TEST_CASE("a create lost before the write is repeated under the same name") {
  Scenario s(eager());
  s.cluster.queue("orders").shows_in_flight = true;
  s.cluster.queue("orders").publish(40, seconds(2));
  s.daemon().faults.lose_next_create = true;
  s.start();
  s.world.run_for(milliseconds(2100));
  CHECK(s.cluster.created("orders") == 0);
  CHECK(s.decision("orders").reason == Reason::cluster_refused);
  CHECK(s.decision("orders").text.find(
            "the create request was lost: timed out after 2s; retry in") == 0);
  REQUIRE(drains(s, minutes(3)));
  CHECK(s.cluster.created("orders") == 4);
}

TEST_CASE("a create that arrives after it was given up finds its name taken by its successor") {
  Scenario s(eager());
  s.cluster.window_slack = 1;
  s.cluster.queue("orders").shows_in_flight = true;
  s.cluster.queue("orders").publish(40, seconds(2));
  s.daemon().faults.delay_next_create = seconds(4);
  s.start();
  REQUIRE(drains(s, minutes(3)));
  CHECK(s.cluster.created("orders") == 4);
}

TEST_CASE("a create whose answer never comes holds its scaler, and says for how long") {
  EngineSpec spec = eager();
  Engine engine(spec, TimePoint(seconds(100)));
  engine.apply(event::MarksLoaded{}, TimePoint(seconds(100)));
  engine.apply(event::WorkersListed{{}, TimePoint(seconds(99))}, TimePoint(seconds(100)));
  Decision last;
  int started = 0;
  for (int t = 100; t < 400; ++t) {
    const TimePoint now{seconds(t)};
    Reading reading;
    reading.waiting = 100;
    reading.taken_at = now;
    engine.apply(event::ReadingTaken{"orders", reading}, now);
    for (const Action& action : engine.step(now)) {
      if (const auto* decided = std::get_if<action::Decided>(&action)) last = decided->decision;
      if (std::holds_alternative<action::StartWorker>(action)) ++started;
    }
  }
  CHECK(started == 1);
  CHECK(last.reason == Reason::create_unanswered);
  CHECK(last.text ==
        "orders-1 was asked for 4m59s ago and there is no answer yet; 100 waiting (> 0)");
}

TEST_CASE("a restart in the middle of a ramp goes on where it was") {
  Scenario s(eager());
  s.cluster.queue("orders").publish(1000, seconds(2));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 5; }, minutes(1)));
  s.daemon().kill();
  s.world.run_for(seconds(2));
  s.daemon().start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 20; }, minutes(2)));
  REQUIRE(drains(s, minutes(10)));
  CHECK(s.cluster.peak("orders") == 20);
  CHECK(s.cluster.created("orders") == 20);
  CHECK(s.said("found 5 workers: 5 ready"));
}

TEST_CASE("kill -9 at every instant of a ramp breaks no promise") {
  // Each run is killed some milliseconds later than the one before, with answers lost on the way.
  const int instant = GENERATE(range(0, 120));
  Scenario s(eager(4), 1);
  s.cluster.window_slack = 0;
  s.cluster.queue("orders").publish(100, milliseconds(500));
  s.daemon().faults.lose_next_answer = instant % 3 == 0;
  s.start();
  s.world.run_for(milliseconds(17 * instant));
  s.daemon().kill();
  s.daemon().start();
  REQUIRE(drains(s, minutes(5)));
  CHECK(s.cluster.peak("orders") <= 4);
}

TEST_CASE("a restarted daemon backs off as long as the one before would have") {
  EngineSpec spec = eager();
  Scenario s(spec);
  s.cluster.image("orders") = {.kind = Image::Kind::crashes};
  s.cluster.queue("orders").publish(1000, seconds(1));
  s.start();
  // Four failures: the fifth worker is due about 80 s later.
  REQUIRE(s.world.run_until([&] { return s.cluster.created("orders") == 4; }, minutes(5)));
  s.world.run_for(seconds(10));
  s.daemon().kill();
  s.daemon().start();
  s.world.run_for(seconds(1));
  CHECK(s.decision("orders").reason == Reason::backing_off);
  CHECK(s.decision("orders").text.find("(level 4)") != std::string::npos);

  Scenario undisturbed(spec);
  undisturbed.cluster.image("orders") = {.kind = Image::Kind::crashes};
  undisturbed.cluster.queue("orders").publish(1000, seconds(1));
  undisturbed.start();
  const auto fifth = [](Scenario& scenario) {
    scenario.world.run_until([&] { return scenario.cluster.created("orders") == 5; }, minutes(5));
    return scenario.world.elapsed();
  };
  const Duration apart = fifth(s) - fifth(undisturbed);
  CHECK(apart < milliseconds(50));
  CHECK(apart > -milliseconds(50));
}

TEST_CASE("a second daemon with a stale view creates nothing twice") {
  Scenario s(eager(6));
  s.cluster.window_slack = 1;
  s.add_daemon();
  s.daemon(1).watch_delay = seconds(20);  // it hears everything 20 s late
  s.cluster.queue("orders").publish(2000, milliseconds(500));
  s.start();
  s.daemon(1).start();
  s.world.run_for(minutes(2));
  CHECK(s.cluster.peak("orders") == 6);
  REQUIRE(drains(s, minutes(10)));
}

TEST_CASE("a daemon frozen for an hour with a create in hand drops it when it wakes") {
  Scenario s(eager(3));
  s.cluster.queue("orders").publish(1000, seconds(60));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.starts("orders") == 2; }, minutes(1)));
  s.daemon().freeze();  // before the create has left the process
  s.add_daemon().start();
  s.cluster.window_slack = 1;
  s.world.run_for(hours(1));
  CHECK(s.cluster.unfinished("orders") == 3);
  s.daemon().thaw();
  s.world.run_for(minutes(1));
  CHECK(s.cluster.peak("orders") == 3);
  CHECK(s.said("workers_unknown: this daemon was stopped for 1h and is catching up"));
}

TEST_CASE("a frozen daemon does not take for stuck what became ready meanwhile") {
  Scenario s(eager(1));
  s.cluster.image("orders").startup = minutes(2);
  s.cluster.queue("orders").publish(1000, seconds(60));
  s.start();
  s.world.run_for(minutes(1));
  s.daemon().freeze();
  s.world.run_for(minutes(30));
  s.daemon().thaw();
  s.world.run_for(minutes(1));
  CHECK_FALSE(s.said("stuck"));
  CHECK(s.said("orders-1 ready after"));
}

TEST_CASE("while the watch is down for long nothing is decided, and nothing is taken for stuck") {
  Scenario s(eager(2));
  s.cluster.image("orders").startup = minutes(2);
  s.cluster.queue("orders").publish(1000, seconds(60));
  s.start();
  s.world.run_for(seconds(30));
  s.daemon().cut_watch();
  s.world.run_for(seconds(50));
  CHECK(s.decision("orders").reason == Reason::waiting_for_ready);
  s.world.run_for(seconds(15));
  CHECK(s.decision("orders").reason == Reason::workers_unknown);
  CHECK(s.decision("orders").text.find("the watch on the workers has been down for 1m") == 0);
  CHECK(s.decision("orders").text.find("connection reset by peer") != std::string::npos);
  s.world.run_for(minutes(20));
  CHECK(s.cluster.created("orders") == 1);
  s.daemon().mend_watch();
  s.world.run_for(minutes(4));
  CHECK_FALSE(s.said("stuck"));
  CHECK(s.cluster.ready("orders") == 2);
}

TEST_CASE("an outage of the queue's broker holds and says so; its return is acted on") {
  EngineSpec spec = eager();
  spec.scalers[0].messages_above = 100;
  Scenario s(spec);
  s.cluster.queue("orders").publish(150, minutes(5));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 4; }, minutes(1)));
  const int before = s.cluster.created("orders");
  s.cluster.queue("orders").down =
      Error{ErrorKind::unavailable, "rabbitmq rabbit: broker rabbitmq:5672 timed out after 2s"};
  s.world.run_for(seconds(6));
  const int held_at = s.cluster.created("orders");
  CHECK(held_at <= before + 1);
  s.world.run_for(minutes(10));
  CHECK(s.cluster.created("orders") == held_at);
  CHECK(s.decision("orders").reason == Reason::source_unavailable);
  s.cluster.queue("orders").publish(1000, seconds(1));
  s.cluster.queue("orders").down.reset();
  REQUIRE(drains(s, hours(2)));
}

TEST_CASE(
    "what the API server refuses is said in its words, retried, and stops only its own scaler") {
  EngineSpec spec{{group_named("default")}, {scaler_named("orders"), scaler_named("bills")}};
  spec.scalers[0].messages_per_worker = 10;
  spec.scalers[1].messages_per_worker = 10;
  Scenario s(spec);
  CreateOutcome refusal;
  Reason reason{};
  std::tie(refusal.kind, reason) = GENERATE(table<CreateOutcome::Kind, Reason>({
      {CreateOutcome::Kind::template_refused, Reason::template_refused},
      {CreateOutcome::Kind::quota_exceeded, Reason::quota_exceeded},
      {CreateOutcome::Kind::refused, Reason::cluster_refused},
      {CreateOutcome::Kind::name_taken, Reason::name_taken},
  }));
  refusal.words = "the server's words";
  s.cluster.refuse["orders"] = refusal;
  s.cluster.queue("orders").publish(50, seconds(1));
  s.cluster.queue("bills").publish(50, seconds(1));
  s.start();
  REQUIRE(s.world.run_until([&] { return s.cluster.queue("bills").drained(); }, minutes(3)));
  s.world.run_for(minutes(10));
  CHECK(s.cluster.created("orders") == 0);
  CHECK(s.decision("orders").reason == reason);
  CHECK(s.decision("orders").text.find("the server's words; retry in ") == 0);
  CHECK(s.starts("orders") <= 13);
  s.cluster.refuse.clear();
  REQUIRE(drains(s, minutes(10)));
  CHECK(s.cluster.exists("orders-1"));
}

TEST_CASE("a server's Retry-After is waited for") {
  Scenario s(eager());
  s.cluster.refuse["orders"] = {CreateOutcome::Kind::refused, std::nullopt, "429 too many requests",
                                seconds(90)};
  s.cluster.queue("orders").publish(50, seconds(1));
  s.start();
  s.world.run_for(seconds(80));
  CHECK(s.starts("orders") == 1);
  s.world.run_for(seconds(20));
  CHECK(s.starts("orders") == 2);
}

TEST_CASE("a name that is not ours is not skipped: a person has to free it") {
  Scenario s(eager());
  s.cluster.occupy_name("orders-1");
  s.cluster.queue("orders").publish(50, seconds(1));
  s.start();
  s.world.run_for(minutes(10));
  CHECK(s.cluster.created("orders") == 0);
  CHECK(s.decision("orders").reason == Reason::name_taken);
  s.cluster.free_name("orders-1");
  REQUIRE(drains(s, minutes(10)));
}

TEST_CASE("a list that was asked for before a create was answered does not remove the worker") {
  Scenario s(eager());
  s.cluster.queue("orders").publish(100, seconds(5));
  s.start();
  for (int i = 0; i < 2000; ++i) {
    s.daemon().relist();
    s.world.run_for(milliseconds(7));
  }
  CHECK_FALSE(s.said("deleted by someone"));
  CHECK_FALSE(s.said("is gone"));
  REQUIRE(drains(s, minutes(10)));
}

// The worker of these becomes ready, and busy, while nobody sees it. Whoever deletes it fails the
// test.
namespace {

using Return = FakeDaemon::Return;

/// One worker, a minute after it was asked for: it needs another to start, and then takes an hour
/// for a message.
struct SlowStarter : Scenario {
  SlowStarter() : Scenario(eager(1)) {
    cluster.image("orders").startup = minutes(2);
    cluster.queue("orders").publish(1000, hours(1));
    start();
    world.run_for(minutes(1));
  }
};

}  // namespace

TEST_CASE("Jobs listed before their pods after an outage are not judged by the old pods") {
  SlowStarter s;
  s.daemon().cut_watch();
  s.world.run_for(minutes(16));
  s.daemon().pods_lag = seconds(2);
  s.daemon().mend_watch(GENERATE(Return::too_old, Return::lists));
  s.world.run_for(minutes(30));
  CHECK_FALSE(s.said("stuck"));
  CHECK(s.said("orders-1 ready after"));
}

TEST_CASE("a list after an outage that takes longer than the patience for it costs no worker") {
  SlowStarter s;
  s.daemon().cut_watch();
  s.world.run_for(minutes(16));
  s.daemon().list_time = seconds(20);
  s.daemon().mend_watch(Return::too_old);
  s.world.run_for(minutes(30));
  CHECK(s.said("orders-1 ready after"));
}

TEST_CASE("a list that fails after an outage makes it longer") {
  SlowStarter s;
  s.daemon().cut_watch();
  s.world.run_for(minutes(16));
  s.daemon().faults.fail_next_list = true;
  s.daemon().mend_watch(Return::too_old);
  s.world.run_for(minutes(30));
  CHECK_FALSE(s.said("stuck"));
  CHECK(s.said("orders-1 ready after"));
}

TEST_CASE("a daemon stopped twice in a row has been blind since the first time") {
  SlowStarter s;
  s.daemon().freeze();
  s.daemon().cut_watch();
  s.world.run_for(minutes(16));
  s.daemon().watch_delay = minutes(2);
  s.daemon().mend_watch(Return::resumes);
  s.daemon().thaw();
  s.world.run_for(seconds(3));
  s.daemon().freeze();
  s.world.run_for(minutes(1));
  s.daemon().thaw();
  s.world.run_for(seconds(3));
  CHECK_FALSE(s.said("stuck"));
  s.world.run_for(minutes(30));
  CHECK(s.said("orders-1 ready after"));
}

TEST_CASE("a daemon stopped and cut off decides nothing on what it knew") {
  // The other one has made, and the cluster has forgotten, more workers than the first knows of.
  EngineSpec spec = eager(1);
  Scenario s(spec);
  s.add_daemon();
  s.cluster.queue("orders").publish(10, seconds(1));
  s.start();
  REQUIRE(drains(s, minutes(2)));
  s.world.run_for(minutes(1));
  s.daemon().freeze();
  s.daemon().cut_watch();
  s.daemon(1).start();
  s.world.run_for(minutes(10));
  s.cluster.queue("orders").publish(10, seconds(1));
  REQUIRE(drains(s, minutes(2)));
  s.world.run_for(minutes(15));
  s.cluster.queue("orders").publish(10, hours(1));
  REQUIRE(s.world.run_until([&] { return s.cluster.ready("orders") == 1; }, minutes(1)));
  s.daemon().thaw();
  s.daemon().mend_watch(GENERATE(Return::resumes, Return::too_old, Return::lists));
  s.world.run_for(minutes(5));
  CHECK(s.cluster.peak("orders") == 1);
}

TEST_CASE("names go on after Jobs that came and went while the watch was down") {
  Scenario s(eager(1));
  s.add_daemon();
  s.cluster.queue("orders").publish(10, seconds(1));
  s.start();
  REQUIRE(drains(s, minutes(2)));
  s.daemon().cut_watch();
  s.daemon(1).start();
  for (int i = 0; i < 3; ++i) {
    s.cluster.queue("orders").publish(10, seconds(1));
    REQUIRE(drains(s, minutes(2)));
    s.world.run_for(minutes(1));
  }
  const int made = s.cluster.created("orders");
  CHECK(made == 3);
  s.world.run_for(minutes(12));
  REQUIRE_FALSE(s.cluster.exists("orders-" + std::to_string(made)));
  s.daemon(1).kill();
  s.daemon().mend_watch(GENERATE(Return::too_old, Return::lists));
  s.world.run_for(minutes(1));
  s.cluster.queue("orders").publish(10, seconds(1));
  REQUIRE(drains(s, minutes(2)));
  CHECK(s.cluster.created("orders") == made + 1);
}

TEST_CASE("a restart after two hours of failures goes on at their level") {
  Scenario s(eager());
  s.cluster.image("orders") = {.kind = GENERATE(Image::Kind::crashes, Image::Kind::cannot_pull)};
  s.cluster.queue("orders").publish(1000, seconds(1));
  s.start();
  s.world.run_for(hours(2));
  const int made = s.cluster.created("orders");
  REQUIRE(s.world.run_until([&] { return s.cluster.created("orders") > made; }, hours(1)));
  s.world.run_for(minutes(7));  // it has failed or is stuck
  REQUIRE(s.decision("orders").reason == Reason::backing_off);
  const std::string text = s.decision("orders").text;
  const std::string level = text.substr(text.find("(level"), text.find("):") - text.find("(level"));
  s.daemon().kill();
  s.daemon().start();
  s.world.run_for(seconds(3));
  CHECK(s.decision("orders").reason == Reason::backing_off);
  CHECK(s.decision("orders").text.find(level) != std::string::npos);
  CHECK(s.cluster.created("orders") == made + 1);
}
