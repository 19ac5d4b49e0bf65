// Edits of the configuration of a running engine.

#include <catch2/catch.hpp>

#include "bench.h"

using namespace jobscaler;
using namespace jobscaler::engine;

namespace {

ScalerSpec with_max(int max) {
  ScalerSpec spec = eager();
  spec.max_workers = max;
  return spec;
}

Reconfiguration to(std::vector<ScalerSpec> scalers, std::vector<NodeGroupSpec> groups = {group()}) {
  return {.spec = {std::move(groups), std::move(scalers)}};
}

WorkerFacts of(const std::string& scaler, WorkerFacts facts) {
  facts.scaler = scaler;
  facts.name = scaler + "-" + std::to_string(facts.number);
  facts.uid = "uid-" + facts.name;
  return facts;
}

}  // namespace

TEST_CASE("an edit is acted on at once") {
  Bench b({{group()}, {with_max(1)}});
  b.knows({ready(1)}).reads(100, 3).step(3);
  CHECK(b.decision().reason == Reason::at_max);
  b.reconfigure(to({with_max(2)}), 3.5);
  CHECK(b.wakeup() <= at(3.5));
  b.step(3.5);
  CHECK(b.started() == "orders-2");
  CHECK(b.decision().max_workers == 2);
}

TEST_CASE("a maximum below what there is disturbs no worker and starts none") {
  Bench b;
  b.knows({ready(1), ready(2), ready(3)}).reads(100, 3).step(3);
  REQUIRE(b.started() == "orders-4");
  b.reconfigure(to({with_max(1)}), 3.5).step(3.5);
  CHECK(b.decision().reason == Reason::at_max);
  CHECK(b.decision().text == "4 of 1 worker; 100 waiting (> 0)");
  CHECK(b.all<action::DeleteWorker>().empty());
}

TEST_CASE("a request that is under way through an edit is still the only one") {
  Bench b;
  b.knows().reads(100, 0).step(0);
  REQUIRE(b.started() == "orders-1");
  b.reconfigure(to({with_max(7)}, {group("default", 3)}), 0.1).step(0.1);
  CHECK(b.decision().reason == Reason::create_unanswered);
  b.created(job(1), 0.2).step(0.2);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("a scaler of whom an edit changes nothing keeps its reading") {
  Bench b;
  b.knows().step(0);
  b.reads(0, 0).step(0);
  b.reconfigure(to({eager(), eager("clicks")}), 1).step(1);
  CHECK(b.decision().reason == Reason::below_threshold);
}

TEST_CASE("paused by an edit, and going on by the next") {
  Bench b;
  ScalerSpec paused = eager();
  paused.paused = true;
  b.knows().reads(100, 0);
  b.reconfigure(to({paused}), 0).step(0);
  CHECK(b.decision().reason == Reason::paused);
  b.reconfigure(to({eager()}), 100).step(100);
  CHECK(b.decision().reason == Reason::source_unavailable);
  CHECK(b.all<action::ReadQueue>().size() == 1);
  b.reads(100, 100.1).step(100.1);
  CHECK(b.started() == "orders-1");
}

TEST_CASE("an observed scaler that is switched on starts workers at once") {
  Bench b;
  ScalerSpec observed = eager();
  observed.mode = ScalerSpec::Mode::observe;
  b.reconfigure(to({observed}), 0).knows().reads(100, 0).step(0);
  REQUIRE(b.decision().start);
  REQUIRE(b.started().empty());
  b.reconfigure(to({eager()}), 0.5).step(0.5);
  CHECK(b.started() == "orders-1");
}

TEST_CASE("another poll interval counts from the edit on") {
  Bench b;
  b.knows().step(0);
  REQUIRE(b.all<action::ReadQueue>().size() == 1);
  b.reads(0, 0).step(0);
  ScalerSpec quick = eager();
  quick.poll_interval = seconds(1);
  b.reconfigure(to({quick}), 0.5).step(0.5);
  CHECK(b.all<action::ReadQueue>().empty());
  CHECK(b.wakeup() == at(1.5));
  b.step(1.5);
  CHECK(b.all<action::ReadQueue>().size() == 1);
}

TEST_CASE("a new scaler is read at once and decided about when it has a reading") {
  Bench b;
  b.knows().step(0);
  b.reconfigure(to({eager(), eager("clicks")}), 1).step(1);
  REQUIRE(b.all<action::ReadQueue>().size() == 1);
  CHECK(b.all<action::ReadQueue>()[0].scaler == "clicks");
  CHECK(b.decision("clicks").reason == Reason::source_unavailable);
  CHECK(b.decision("clicks").text == "no reading yet; holding at 0 workers");
  b.reads(5, 1.1, "clicks").step(1.1);
  CHECK(b.started() == "clicks-1");
}

TEST_CASE("a new scaler knows the workers that its name has already") {
  Bench b;
  b.knows({of("clicks", ready(41)), of("clicks", complete(40))}).step(3);
  b.reconfigure(to({eager(), eager("clicks")}), 3).step(3);
  CHECK(b.news() == std::vector<std::string>{"found 1 worker: 1 ready; 1 ended"});
  b.reads(50, 3.1, "clicks").step(3.1);
  CHECK(b.started() == "clicks-42");
}

TEST_CASE("a new scaler goes on after the mark that its name has on the Lease") {
  Bench b;
  b.knows({}, {{"clicks", 17}}).step(0);
  b.reconfigure(to({eager(), eager("clicks")}), 1).reads(5, 1, "clicks").step(1);
  CHECK(b.started() == "clicks-18");
}

TEST_CASE("a new scaler waits for the list of workers as the others do") {
  Bench b;
  b.reconfigure(to({eager(), eager("clicks")}), 0).reads(5, 0, "clicks").step(0);
  CHECK(b.decision("clicks").reason == Reason::workers_unknown);
}

TEST_CASE("a scaler that was removed and is put back uses no number twice") {
  Bench b;
  b.knows().reads(5, 0).step(0);
  REQUIRE(b.started() == "orders-1");
  b.reconfigure(to({eager("clicks")}), 1).created(job(1), 1.1).step(1.1);
  b.passes(60).hears(event::WorkerSeen{complete(1)}, 60).step(60);
  CHECK(b.all<action::RecordMark>().size() == 1);
  b.passes(700).hears(event::WorkerGone{"orders-1", "uid-1"}, 700).step(700);
  b.reconfigure(to({eager("clicks"), eager()}), 701).reads(5, 701).step(701);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("a scaler that was removed before its request was answered waits for it when put back") {
  Bench b;
  b.knows().reads(5, 0).step(0);
  REQUIRE(b.started() == "orders-1");
  b.reconfigure(to({eager("clicks")}), 1).step(1);
  b.reconfigure(to({eager()}), 1.5).reads(5, 1.5).step(1.5);
  CHECK(b.decision().reason == Reason::create_unanswered);
}

TEST_CASE("nothing is decided, read or deleted for a scaler that was removed") {
  Bench b;
  b.knows({waiting("InvalidImageName")}).reads(5, 0).step(0);
  b.reconfigure(to({eager("clicks")}), 1).step(1);
  CHECK(b.decision().text.empty());
  b.reads(500, 2).step(2);
  CHECK(b.decision().text.empty());
  CHECK(b.deletions_until(3600) == 0);
}

TEST_CASE("a removed scaler's worker that is not ready keeps holding the window") {
  Bench b;
  b.knows({with_pod(1)}).step(0);
  b.reconfigure(to({eager("clicks")}), 1).reads(5, 1, "clicks").step(1);
  CHECK(b.decision("clicks").reason == Reason::waiting_for_ready);
  b.hears(event::WorkerSeen{ready(1)}, 2).step(2);
  CHECK(b.started() == "clicks-1");
}

TEST_CASE("removed scalers' workers count against the node group's maximum") {
  NodeGroupSpec two = group();
  two.max_workers = 2;
  Bench b({{two}, {eager()}});
  b.knows({ready(1), ready(2)}).step(3);
  b.reconfigure(to({eager("clicks")}, {two}), 3).reads(5, 3, "clicks").step(3);
  CHECK(b.decision("clicks").reason == Reason::at_max);
  CHECK(b.decision("clicks").text == "node group default has 2 of 2 workers; 5 waiting (> 0)");
}

TEST_CASE("a wider window lets the next worker start") {
  Bench b;
  b.knows({with_pod(1)}).reads(5, 1).step(1);
  REQUIRE(b.decision().reason == Reason::waiting_for_ready);
  b.reconfigure(to({eager()}, {group("default", 2)}), 1.5).step(1.5);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("a scaler that moves to another node group leaves the window of the old one as it is") {
  ScalerSpec moved = eager();
  moved.node_groups = {"spot"};
  Bench b({{group(), group("spot")}, {eager(), eager("clicks")}});
  b.knows({with_pod(1)}).step(0);
  b.reconfigure(to({moved, eager("clicks")}, {group(), group("spot")}), 1);
  b.reads(5, 1).reads(5, 1, "clicks").step(1);
  REQUIRE(b.started() == "orders-2");
  CHECK(b.all<action::StartWorker>()[0].node_group == "spot");
  CHECK(b.decision("clicks").reason == Reason::waiting_for_ready);
}

TEST_CASE("a node group that is removed and put back has the workers it had") {
  ScalerSpec moved = eager();
  moved.node_groups = {"spot"};
  Bench b;
  b.knows({with_pod(1)}).step(0);
  b.reconfigure(to({moved}, {group("spot")}), 1).reads(5, 1).step(1);
  REQUIRE(b.started() == "orders-2");
  WorkerFacts second = job(2);
  second.node_group = "spot";
  b.created(second, 1.1).step(1.1);
  b.reconfigure(to({eager()}, {group("spot"), group()}), 2).step(2);
  CHECK(b.decision().reason == Reason::waiting_for_ready);
  CHECK(b.decision().text == "orders-1 pending 2s; 5 waiting (> 0)");
}

TEST_CASE("with another queue the old one's messages start nothing") {
  Bench b;
  b.knows().step(0);
  b.reads(100, 0);
  Reconfiguration change = to({eager()});
  change.new_queues = {"orders"};
  b.reconfigure(change, 0).step(0);
  CHECK(b.decision().reason == Reason::source_unavailable);
  CHECK(b.decision().text == "no reading yet; holding at 0 workers");
  REQUIRE(b.all<action::ReadQueue>().size() == 1);
  b.reads(1, 0.1).step(0.1);
  CHECK(b.started() == "orders-1");
}

TEST_CASE("with another queue nobody waits for the effect that workers had on the old one") {
  ScalerSpec single = eager();
  single.messages_per_worker.reset();
  Bench b({{group()}, {single}});
  b.knows().reads(100, 0).step(0).created(job(1), 0.1);
  b.hears(event::WorkerSeen{ready(1)}, 2).reads(100, 2.1).step(2.1);
  REQUIRE(b.decision().reason == Reason::settling);
  Reconfiguration change = to({single});
  change.new_queues = {"orders"};
  b.reconfigure(change, 2.2).reads(100, 2.3).step(2.3);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("a worker that exits at once is not judged by another queue than it was started for") {
  Bench b;
  b.knows();
  for (int number = 1; number <= 3; ++number) {
    const double s = 10 * number;
    b.reads(5, s).step(s).created(job(number), s + 0.1);
    Reconfiguration change = to({eager()});
    change.new_queues = {"orders"};
    b.reconfigure(change, s + 0.2);
    WorkerFacts quick = complete(number, at(s + 1));
    quick.pod->scheduled = at(s);
    b.hears(event::WorkerSeen{quick}, s + 1).reads(5, s + 2);
  }
  b.step(33);
  CHECK(b.started() == "orders-4");
}

TEST_CASE("another template is tried at once where the old one was refused") {
  Bench b;
  b.knows().reads(5, 0);
  b.hears(event::TemplateChecked{"orders", "unknown field \"imagee\""}, 0).step(0);
  REQUIRE(b.decision().reason == Reason::template_refused);
  b.reconfigure(to({with_max(7)}), 0.1).step(0.1);
  REQUIRE(b.decision().reason == Reason::template_refused);
  Reconfiguration change = to({eager()});
  change.new_jobs = {"orders"};
  b.reconfigure(change, 0.2).step(0.2);
  CHECK(b.started() == "orders-1");
}

TEST_CASE("another template is tried at once though workers of the old one failed") {
  Bench b;
  b.knows({failed(1, at(5))}).reads(5, 5.5).step(5.5);
  REQUIRE(b.decision().reason == Reason::backing_off);
  b.reconfigure(to({with_max(7)}), 6).step(6);
  REQUIRE(b.decision().reason == Reason::backing_off);
  Reconfiguration change = to({eager()});
  change.new_jobs = {"orders"};
  b.reconfigure(change, 6.1).step(6.1);
  REQUIRE(b.started() == "orders-2");

  INFO("one that is no better climbs on from where the old one was");
  WorkerFacts second = failed(2, at(9));
  second.created = at(6);  // the API server cuts the fraction off: as if before the edit
  b.created(second, 9.1).reads(5, 9.2).step(9.2);
  CHECK(b.decision().reason == Reason::backing_off);
  CHECK_THAT(b.decision().text, Catch::Contains("(level 2)"));
}

TEST_CASE(
    "what an old template's worker does late neither holds the new one back nor sets it free") {
  Bench b;
  b.knows({ready(1), ready(2), failed(3, at(5))}).reads(100, 5.5).step(5.5);
  REQUIRE(b.decision().reason == Reason::backing_off);
  Reconfiguration change = to({eager()});
  change.new_jobs = {"orders"};
  b.reconfigure(change, 6).step(6);
  REQUIRE(b.started() == "orders-4");

  b.hears(event::WorkerSeen{failed(1, at(6.5))}, 6.6);
  WorkerFacts fourth = ready(4, at(7));
  fourth.created = at(6);
  b.created(fourth, 7).reads(100, 7.1).step(7.1);
  REQUIRE(b.started() == "orders-5");
  b.answers(5, {CreateOutcome::Kind::not_created, {}, "", {}}, 7.2);

  WorkerFacts ended = failed(4, at(8));
  ended.created = at(6);
  b.hears(event::WorkerSeen{ended}, 8.1).reads(100, 8.2).step(8.2);
  REQUIRE(b.decision().reason == Reason::backing_off);
  b.hears(event::WorkerSeen{failed(2, at(9))}, 9.1).reads(100, 9.2).step(9.2);
  CHECK(b.decision().reason == Reason::backing_off);
}

TEST_CASE("a scaler that is removed and put back is held back as before") {
  Bench b;
  b.knows({failed(1, at(5))}).reads(5, 5.5).step(5.5);
  REQUIRE(b.decision().reason == Reason::backing_off);
  b.reconfigure(to({}), 6).step(6);
  Reconfiguration back = to({eager()});
  back.new_queues = {"orders"};
  back.new_jobs = {"orders"};
  b.reconfigure(back, 7).reads(5, 7.1).step(7.1);
  CHECK(b.decision().reason == Reason::backing_off);
}

TEST_CASE("workers that did nothing for the old queue do not hold back those of another") {
  Bench b;
  b.knows();
  for (int number = 1; number <= 3; ++number) {
    const double s = 10 * number;
    b.reads(5, s).step(s).created(job(number), s + 0.1);
    WorkerFacts quick = complete(number, at(s + 1));
    quick.created = at(s);
    quick.pod->scheduled = at(s);
    b.hears(event::WorkerSeen{quick}, s + 1).reads(5, s + 2).step(s + 2);
    if (number < 3) {
      REQUIRE(b.started() == "orders-" + std::to_string(number + 1));
      b.answers(number + 1, {CreateOutcome::Kind::not_created, {}, "", {}}, s + 2.1);
    }
  }
  REQUIRE(b.decision().reason == Reason::backing_off);
  Reconfiguration change = to({eager()});
  change.new_queues = {"orders"};
  b.reconfigure(change, 33).reads(500, 33.1).step(33.1);
  CHECK(b.started() == "orders-4");
}

TEST_CASE("a longer readyTimeout saves who was taken for stuck") {
  ScalerSpec hasty = eager();
  hasty.ready_timeout = seconds(60);
  Bench b({{group()}, {hasty}});
  b.knows({scheduled(1)}).reads(100, 0).step(0).passes(80);
  b.reads(100, 80).step(80);
  REQUIRE(b.decision().workers.stuck == 1);
  ScalerSpec patient = eager();
  patient.ready_timeout = minutes(30);
  b.reconfigure(to({patient}), 81).reads(100, 81).step(81);
  CHECK(b.decision().workers.stuck == 0);
  CHECK(b.decision().workers.starting == 1);
  CHECK(b.deletions_until(1700) == 0);
}

TEST_CASE("a stuck worker of a scaler that was removed is kept anew when its name comes back") {
  Bench b;
  WorkerFacts stuck = waiting("InvalidImageName");
  b.knows({stuck}).reads(100, 0).step(0);
  REQUIRE(b.decision().workers.stuck == 1);
  b.reconfigure(to({}), 1).step(1).passes(3600);
  b.reconfigure(to({eager()}), 3600).step(3600);
  CHECK(b.all<action::DeleteWorker>().empty());
  CHECK(b.deletions_until(3600 + 590) == 0);
}
