// The engine through its public door.

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "bench.h"
#include "engine/backoff.h"

using namespace jobscaler;
using namespace jobscaler::engine;

using Kind = CreateOutcome::Kind;

namespace {

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("nothing is decided before the marks and the workers are known") {
  Bench b;
  b.reads(100, 0).step(0);
  CHECK(b.decision().reason == Reason::workers_unknown);
  b.hears(event::WorkersListed{{}, at(0)}, 1).step(1);
  CHECK(b.decision().reason == Reason::workers_unknown);
  CHECK(b.started() == "");
  b.hears(event::MarksLoaded{}, 2).step(2);
  CHECK(b.started() == "orders-1");
  CHECK(b.decision().text == "100 waiting (> 0) -> start orders-1 (1 of 20)");
  CHECK(b.decision().start);
  CHECK(b.decision().workers.requested == 1);
  CHECK(b.decision().worker == "orders-1");
  CHECK(b.decision().max_workers == 20);
}

TEST_CASE("the queue is read at once, then every poll interval, and never twice at a time") {
  Bench b;
  b.knows().step(0);
  CHECK(b.all<action::ReadQueue>().size() == 1);
  CHECK(b.wakeup() == at(15));  // nothing is due until then unless the reading comes
  b.reads(0, 0.1).step(0.1);
  CHECK(b.all<action::ReadQueue>().empty());
  CHECK(b.wakeup() == at(5));
  b.step(5);
  CHECK(b.all<action::ReadQueue>().size() == 1);
}

TEST_CASE("a step in which nothing has happened does nothing") {
  Bench b;
  b.knows().reads(0, 0).step(0).reads(0, 0.1).step(0.1).step(0.2);
  CHECK(b.actions().empty());
}

TEST_CASE("numbers go on after every Job that exists and after the mark") {
  const auto [workers, mark, name] = GENERATE(table<std::vector<WorkerFacts>, int, std::string>({
      {{}, 0, "orders-1"},
      {{}, 41, "orders-42"},
      {{ready(7)}, 3, "orders-8"},
      {{complete(9, at(-5)), ready(7)}, 3, "orders-10"},
      {{failed(5, at(-60))}, 12, "orders-13"},
  }));
  Bench b;
  b.knows(workers, {{"orders", mark}, {"others", 1000}}).reads(100, 3).step(3);
  CHECK(b.started() == name);
}

TEST_CASE("a worker that is going counts for max and for the numbers until it is gone") {
  WorkerFacts going = ready(3);
  going.deleting = true;
  ScalerSpec spec = eager();
  spec.max_workers = 1;
  Bench b({{group()}, {spec}});
  b.knows({going}).reads(100, 3).step(3);
  CHECK(b.decision().reason == Reason::at_max);
  b.hears(event::WorkerGone{"orders-3", "uid-3"}, 4).step(4);
  CHECK(b.started() == "orders-4");
}

TEST_CASE("after a create that was lost or too old the same number is used again") {
  Bench b;
  b.knows().reads(100, 0).step(0);
  REQUIRE(b.started() == "orders-1");
  b.reads(100, 1).step(1);
  CHECK(b.decision().reason == Reason::create_unanswered);
  CHECK(b.decision().text ==
        "orders-1 was asked for 1s ago and there is no answer yet; 100 waiting (> 0)");

  SECTION("too old: at once") {
    b.answers(1, {Kind::too_old, {}, "", {}}, 2).step(2);
    CHECK(b.started() == "orders-1");
  }
  SECTION("lost: after a moment") {
    b.answers(1, {Kind::not_created, {}, "timed out", {}}, 2).step(2);
    CHECK(b.decision().reason == Reason::cluster_refused);
    CHECK(b.wakeup() == at(3));
    b.step(3);
    CHECK(b.started() == "orders-1");
  }
  SECTION("an answer to another number is not the answer") {
    b.answers(2, {Kind::too_old, {}, "", {}}, 2).step(2);
    CHECK(b.started() == "");
  }
}

TEST_CASE("a created worker is in the store at once, and no older list takes it out") {
  ScalerSpec spec = eager();
  spec.max_workers = 1;
  Bench b({{group()}, {spec}});
  b.knows().reads(100, 0).step(0);
  b.created(job(1), 1).step(1);
  CHECK(b.decision().reason == Reason::at_max);
  CHECK(b.decision().workers.pending == 1);
  b.hears(event::WorkersListed{{}, at(0.5)}, 2).step(2);
  CHECK(b.decision().reason == Reason::at_max);
  b.hears(event::WorkersListed{{}, at(1.5)}, 3).step(3);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("a worker that the watch shows before its create is answered is counted once") {
  ScalerSpec spec = eager();
  spec.max_workers = 2;
  Bench b({{group("default", 5)}, {spec}});
  b.knows().reads(100, 0).step(0);
  b.hears(event::WorkerSeen{job(1)}, 1).step(1);
  CHECK(b.decision().reason == Reason::create_unanswered);
  CHECK(b.decision().workers.unfinished() == 1);
  b.created(job(1), 2).step(2);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("a worker found finished under our name makes the next number the next one") {
  Bench b;
  b.knows().reads(100, 0).step(0);
  b.answers(1, {Kind::already_finished, complete(1, at(-30)), "", {}}, 1).step(1);
  CHECK(b.started() == "orders-2");
  CHECK(b.news() == Texts{"orders-1 existed already and has ended: our view was old"});
}

TEST_CASE("a worker found unfinished under our name is ours") {
  Bench b;
  b.knows().reads(100, 0).step(0);
  b.answers(1, {Kind::adopted, job(1), "", {}}, 1).step(1);
  CHECK(b.decision().reason == Reason::waiting_for_ready);
  CHECK(b.news() == Texts{"orders-1 existed already and is taken over"});
}

TEST_CASE("a worker's life is told") {
  Bench b;
  b.knows().reads(1, 0).step(0);
  b.created(job(1), 0.1).step(0.1);
  WorkerFacts waiting_for_node = unschedulable(1);
  b.hears(event::WorkerSeen{waiting_for_node}, 0.5).step(0.5);
  CHECK(b.news() ==
        Texts{"orders-1 pending 500ms, Unschedulable: 0/3 nodes available: insufficient cpu"});
  b.hears(event::WorkerSeen{ready(1)}, 1.7).step(1.7);
  CHECK(b.news() == Texts{"orders-1 ready after 1.7s on node pool-a-7"});
  b.hears(event::WorkerSeen{complete(1)}, 192).step(192);
  CHECK(b.news() == Texts{"orders-1 finished after 3m12s"});
  b.hears(event::WorkerGone{"orders-1", "uid-1"}, 800).step(800);
  CHECK(b.news().empty());
}

TEST_CASE("how a worker failed is told with its exit code, reason and termination message") {
  Bench b;
  b.knows({ready(1)}).step(2).hears(event::WorkerSeen{failed(1)}, 61).step(61);
  REQUIRE(b.all<action::WorkerNews>().size() == 1);
  CHECK(b.all<action::WorkerNews>()[0].level == Level::warn);
  CHECK(b.news() == Texts{"orders-1 failed after 1m: exit code 1, Error: no such host: db"});
}

TEST_CASE("what is found at start is told in one line per scaler") {
  Bench b;
  b.knows({ready(1), ready(2), unschedulable(3), complete(4)}).step(3);
  CHECK(b.news() ==
        Texts{"orders-3 pending 3s, Unschedulable: 0/3 nodes available: insufficient cpu",
              "found 3 workers: 2 ready, 1 pending; 1 ended"});
}

TEST_CASE("a pod becoming ready triggers a reading at once, and the decision waits for it") {
  Bench b;
  b.knows().reads(100, 0).step(0);
  b.created(job(1), 0.1).reads(100, 0.1).step(0.1);
  b.hears(event::WorkerSeen{ready(1)}, 2).step(2);
  CHECK(b.all<action::ReadQueue>().size() == 1);
  CHECK(b.decision().reason == Reason::settling);
  b.reads(99, 2).step(2.005);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("a list that is older than a worker's readiness does not close the gate again") {
  Bench b;
  b.knows().reads(100, 0).step(0);
  b.created(job(1), 0.1).hears(event::WorkerSeen{ready(1)}, 2).step(2);
  b.hears(event::WorkersListed{{scheduled(1)}, at(1)}, 3).reads(99, 3).step(3);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("the deletion of another Job by the same name removes nothing") {
  ScalerSpec spec = eager();
  spec.max_workers = 1;
  Bench b({{group()}, {spec}});
  b.knows({ready(1)}).reads(100, 3).step(3);
  b.hears(event::WorkerGone{"orders-1", "another"}, 4).reads(100, 4).step(4);
  CHECK(b.decision().reason == Reason::at_max);
}

TEST_CASE("the mark is written when the highest Job finishes or goes, and only then") {
  Bench b;
  b.knows({ready(1), ready(2), ready(3)}).step(3);
  CHECK(b.all<action::RecordMark>().empty());
  b.hears(event::WorkerSeen{complete(2)}, 60).step(60);
  CHECK(b.all<action::RecordMark>().empty());
  b.hears(event::WorkerSeen{complete(3)}, 61).step(61);
  REQUIRE(b.all<action::RecordMark>().size() == 1);
  CHECK(b.all<action::RecordMark>()[0].number == 3);
  b.hears(event::WorkerSeen{complete(3)}, 62).step(62);
  b.hears(event::WorkerGone{"orders-3", "uid-3"}, 700).step(700);
  CHECK(b.all<action::RecordMark>().empty());
}

TEST_CASE("a mark that is already on the Lease is not written again") {
  Bench b;
  b.knows({complete(3)}, {{"orders", 3}}).step(61);
  CHECK(b.all<action::RecordMark>().empty());
}

TEST_CASE("a stuck worker is kept to be looked at, then deleted, its number recorded first") {
  Bench b;
  b.knows({waiting("ImagePullBackOff", "Back-off")}).reads(100, 0).step(0);
  b.step(30);
  CHECK(b.news() == Texts{"orders-1 stuck, ImagePullBackOff: Back-off; kept 10m to be looked at"});
  b.reads(100, 31).step(31);
  CHECK(b.decision().reason == Reason::backing_off);
  CHECK(b.decision().workers.stuck == 1);
  b.passes(630).step(629);
  CHECK(b.all<action::DeleteWorker>().empty());
  b.step(630);
  std::vector<std::size_t> order;
  for (const Action& action : b.actions()) order.push_back(action.index());
  const auto mark = std::find(order.begin(), order.end(), Action(action::RecordMark{}).index());
  const auto removal =
      std::find(order.begin(), order.end(), Action(action::DeleteWorker{}).index());
  REQUIRE(removal != order.end());
  CHECK(mark < removal);
  CHECK(b.all<action::DeleteWorker>()[0].uid == "uid-1");
  CHECK(b.all<action::DeleteWorker>()[0].decided_at == at(630));

  SECTION("and again if it is still there") {
    b.step(650);
    CHECK(b.all<action::DeleteWorker>().empty());
    b.passes(690).step(690);
    REQUIRE(b.all<action::DeleteWorker>().size() == 1);
    CHECK(b.all<action::DeleteWorker>()[0].decided_at == at(690));
    CHECK(b.news() ==
          Texts{"orders-1 is still there 1m after its deletion was asked for; it counts "
                "against max until it is gone"});
  }
  SECTION("and its going is told") {
    b.hears(event::WorkerGone{"orders-1", "uid-1"}, 631).step(631);
    CHECK(b.news() == Texts{"orders-1 was deleted, as asked for"});
  }
}

TEST_CASE(
    "a stuck worker that becomes ready was not stuck: it is not deleted, nor held against the "
    "rest") {
  Bench b;
  b.knows({waiting("ImagePullBackOff")}).reads(100, 0).step(0).step(30);
  b.hears(event::WorkerSeen{ready(1, at(40))}, 40).reads(100, 40.1).step(40.1);
  CHECK(b.started() == "orders-2");
  for (int s = 41; s < 1000; s += 5) {
    b.step(s);
    CHECK(b.all<action::DeleteWorker>().empty());
  }
}

TEST_CASE("nothing is deleted while paused, observing, not leading, blind or new to leading") {
  ScalerSpec spec = eager();
  const int why = GENERATE(0, 1, 2, 3, 4);
  if (why == 0) spec.paused = true;
  if (why == 1) spec.mode = ScalerSpec::Mode::observe;
  Bench b({{group()}, {spec}});
  b.knows({waiting("ImagePullBackOff")}).step(0).step(30);
  if (why == 2) b.hears(event::LeadershipChanged{false, "other"}, 31);
  if (why == 3) b.hears(event::WatchChanged{false, at(31), ""}, 31);
  if (why == 4) b.hears(event::LeadershipChanged{true, "", at(31)}, 31);
  for (int s = 31; s < 2000; s += 5) {
    b.step(s);
    CHECK(b.all<action::DeleteWorker>().empty());
  }
}

TEST_CASE("a daemon that does not lead decides nothing, and leads on when it does") {
  Bench b;
  b.knows().hears(event::LeadershipChanged{false, "jobscaler-b"}, 0).reads(100, 0).step(0);
  CHECK(b.decision().reason == Reason::not_leader);
  CHECK(b.started() == "");
  b.hears(event::LeadershipChanged{true, ""}, 1).step(1);
  CHECK(b.started() == "orders-1");
}

TEST_CASE("a new leader decides nothing before both lists were asked for since it leads") {
  Bench b;
  b.knows().reads(100, 0).hears(event::LeadershipChanged{true, "", at(5)}, 6).step(6);
  CHECK(b.decision().reason == Reason::workers_unknown);
  CHECK(b.decision().text == "this daemon leads since 1s; the workers are not listed yet");
  b.hears(event::WorkersListed{{}, at(5), at(4)}, 6).step(6);
  CHECK(b.decision().reason == Reason::workers_unknown);
  b.hears(event::WorkersListed{{}, at(4), at(5)}, 6).step(6);
  CHECK(b.decision().reason == Reason::workers_unknown);
  b.hears(event::WorkersListed{{}, at(5), at(5)}, 6).step(6);
  CHECK(b.started() == "orders-1");
}

TEST_CASE("a new leader does not take for stuck whose pod it has not listed yet") {
  Bench b;
  b.knows().step(0).passes(900);
  b.hears(event::LeadershipChanged{true, "", at(900)}, 900).step(900);
  b.hears(event::WorkersListed{{job(1)}, at(900), at(0)}, 901).step(901);
  CHECK(b.news().empty());
  CHECK(b.decision().workers.stuck == 0);
  b.hears(event::WorkersListed{{ready(1)}, at(900), at(900)}, 902).step(902);
  CHECK(b.decision().workers.ready == 1);
}

TEST_CASE("a paused scaler does not read its queue") {
  ScalerSpec spec = eager();
  spec.paused = true;
  Bench b({{group()}, {spec}});
  b.knows().step(0);
  CHECK(b.all<action::ReadQueue>().empty());
  CHECK(b.decision().reason == Reason::paused);
}

TEST_CASE("a template refused by the dry run holds its scaler until it is taken") {
  Bench b;
  b.knows()
      .hears(event::TemplateChecked{"orders", "unknown field \"foo\""}, 0)
      .reads(100, 0)
      .step(0);
  CHECK(b.decision().reason == Reason::template_refused);
  CHECK(b.decision().text == "unknown field \"foo\"; checked again in 1s; 100 waiting (> 0)");
  b.step(1);
  CHECK(b.all<action::CheckTemplate>().size() == 1);
  CHECK(b.started() == "");
  b.hears(event::TemplateChecked{"orders", ""}, 1.1).step(1.1);
  CHECK(b.started() == "orders-1");
}

TEST_CASE("a template being checked again is still refused: nothing is created meanwhile") {
  Bench b;
  b.knows().hears(event::TemplateChecked{"orders", "no"}, 0).reads(100, 0).step(0).step(1);
  b.reads(100, 1.5).step(1.5);
  CHECK(b.decision().reason == Reason::template_refused);
}

TEST_CASE("observing, a start is decided and logged, and nothing is created") {
  ScalerSpec spec = eager();
  spec.mode = ScalerSpec::Mode::observe;
  Bench b({{group()}, {spec}});
  b.knows().reads(100, 0).step(0);
  CHECK(b.started() == "");
  CHECK(b.decision().start);
  CHECK(b.decision().observe);
  CHECK(b.decision().worker == "orders-1");
  CHECK(b.decision().text == "100 waiting (> 0) -> would start orders-1 (1 of 20)");
  b.reads(100, 1).step(1);
  CHECK_FALSE(b.decision().start);
  CHECK(b.decision().reason == Reason::settling);
}

TEST_CASE("another scaler's worker holds the window, and is named") {
  Bench b({{group()}, {eager(), eager("bills")}});
  b.knows({scheduled(4)}).reads(100, 5, "bills").step(5);
  CHECK(b.decision("bills").reason == Reason::waiting_for_ready);
  CHECK(b.decision("bills").text == "orders-4 starting 5s, on node pool-a-7; 100 waiting (> 0)");
  b.hears(event::WorkerSeen{ready(4)}, 6).step(6);
  CHECK(b.decision("bills").start);
}

TEST_CASE("of two scalers that want the one place, the one served least recently gets it") {
  Bench b({{group()}, {eager(), eager("bills")}});
  b.knows({ready(1)}).reads(1'000'000, 3).reads(1, 3, "bills").step(3);
  CHECK(b.started() == "bills-1");
  CHECK(b.decision("orders").reason == Reason::waiting_for_ready);
  CHECK(b.decision("orders").text == "bills-1 requested 0s; 1000000 waiting (> 0)");
}

TEST_CASE("a restart finds the backoff it left, from the failed Jobs that still exist") {
  std::vector<WorkerFacts> jobs = {failed(1, at(-100)), failed(2, at(-1))};
  jobs[0].created = at(-101);
  jobs[1].created = at(-3);
  ScalerSpec slow = eager();
  slow.poll_interval = hours(1);
  Bench b({{group()}, {slow}});
  b.knows(jobs).reads(100, 0).step(0);
  CHECK(b.decision().reason == Reason::backing_off);
  CHECK(b.decision().text.find("(level 2): orders-2: exit code 1, Error: no such host: db") !=
        std::string::npos);
  CHECK(b.wakeup() == at(-1) + backoff_delay(kFailureBackoff, 2, "uid-2"));
}

TEST_CASE(
    "from a zero that is not confirmed nothing is concluded about workers that exited at once") {
  Bench b;
  b.knows().reads(100, 0).step(0);
  for (int n = 1; n <= 3; ++n) {
    REQUIRE(b.started() == "orders-" + std::to_string(n));
    b.created(job(n), n).hears(event::WorkerSeen{complete(n, at(n))}, n + 0.1);
    if (n < 3) b.reads(100, n + 0.2).step(n + 0.2);
  }
  Reading zero = reading(0, at(3.2));
  zero.zero_unconfirmed = true;
  b.hears(event::ReadingTaken{"orders", zero}, 3.2).step(3.2);
  CHECK(b.decision().reason == Reason::below_threshold);
  b.reads(100, 3.3).step(3.3);
  CHECK(b.decision().reason == Reason::backing_off);
  CHECK(b.decision().text.find("orders-3: workers exit without taking messages: exit code 0 after "
                               "less than 10s, and the backlog does not fall; 100 waiting (> 0)") !=
        std::string::npos);
}

TEST_CASE("a worker that became ready after the reading was taken is still counted as coming") {
  Bench b({{group("default", 5)}, {eager()}});
  b.knows().reads(1, 0).step(0);
  b.created(job(1), 0.1).step(0.1);
  CHECK(b.decision().reason == Reason::enough_workers);
  b.hears(event::WorkerSeen{ready(1)}, 2).step(2);
  CHECK(b.decision().reason == Reason::enough_workers);
  b.reads(1, 2).step(2.005);  // it has one message, and this is another
  CHECK(b.started() == "orders-2");
}

TEST_CASE("a create without an answer holds back its own scaler alone in the end") {
  Bench b({{group()}, {eager(), eager("bills")}});
  b.knows().reads(100, 0).step(0);
  REQUIRE(b.started() == "orders-1");
  for (int s = 5; s < 300; s += 5) {
    b.reads(100, s).reads(100, s, "bills").step(s);
    REQUIRE(b.decision("bills").reason == Reason::waiting_for_ready);
  }
  CHECK(b.wakeup() == at(300));
  b.step(300);
  CHECK(b.started() == "bills-1");
  CHECK(b.decision().reason == Reason::create_unanswered);
}

TEST_CASE("a watch that is down is acted on when its minute is over, with nothing else happening") {
  ScalerSpec slow = eager();
  slow.poll_interval = hours(1);
  Bench b({{group()}, {slow}});
  b.knows().reads(0, 0).step(0).reads(0, 0.1).step(0.1);
  b.hears(event::WatchChanged{false, at(1), "connection refused"}, 2).step(2);
  CHECK(b.decision().reason == Reason::below_threshold);
  CHECK(b.wakeup() == at(61));
  b.step(61);
  CHECK(b.decision().reason == Reason::workers_unknown);
  CHECK(b.decision().text == "the watch on the workers has been down for 1m: connection refused");
}

TEST_CASE("when the settle time is over its effect is read at once, whatever the poll interval") {
  ScalerSpec slow = eager();
  slow.poll_interval = hours(1);
  slow.messages_per_worker.reset();
  Bench b({{group()}, {slow}});
  b.knows().reads(100, 0).step(0);
  b.created(job(1), 0.1).reads(100, 0.1).step(0.1);
  b.hears(event::WorkerSeen{ready(1)}, 2).step(2).reads(99, 2).step(2.005);
  CHECK(b.decision().reason == Reason::settling);
  CHECK(b.wakeup() == at(12));
  b.step(12);
  CHECK(b.all<action::ReadQueue>().size() == 1);
  CHECK(b.started() == "");
  b.reads(90, 12).step(12.005);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("workers beyond a smaller max are left alone") {
  ScalerSpec spec = eager();
  spec.max_workers = 2;
  Bench b({{group()}, {spec}});
  b.knows({ready(1), ready(2), ready(3)}).reads(100, 3).step(3);
  CHECK(b.decision().reason == Reason::at_max);
  CHECK(b.decision().text == "3 of 2 workers; 100 waiting (> 0)");
  CHECK(b.all<action::DeleteWorker>().empty());
}

TEST_CASE("the next wake-up is the next poll, or earlier what is waited for") {
  Bench b;
  b.knows({scheduled(1)}).reads(100, 0).step(0).reads(100, 1).step(1);
  CHECK(b.wakeup() == at(5));
  ScalerSpec slow = eager();
  slow.poll_interval = hours(1);
  Bench c({{group()}, {slow}});
  c.knows({scheduled(1)}).step(0).reads(100, 1).step(1);
  CHECK(c.wakeup() == at(300));  // ready_timeout
  c.hears(event::WorkerSeen{waiting("ErrImagePull")}, 10).step(10);
  CHECK(c.wakeup() == at(40));  // stuck_after
  c.step(40);
  CHECK(c.decision().reason == Reason::backing_off);
  CHECK(c.wakeup() > at(40 + 54));
  CHECK(c.wakeup() <= at(40 + 60));
}

TEST_CASE("events about scalers that are not configured are taken in and lead to nothing") {
  Bench b;
  WorkerFacts foreign = scheduled(1);
  foreign.name = "gone-1";
  foreign.scaler = "gone";
  b.knows({foreign}).reads(5, 0, "gone").reads(100, 0);
  b.hears(event::TemplateChecked{"gone", "x"}, 0).answers(9, {}, 0);
  b.hears(event::CreateAnswered{"nobody", 1, {}}, 0).step(0);
  CHECK(b.decision().reason == Reason::waiting_for_ready);
  CHECK(b.decision().text == "gone-1 starting 0s, on node pool-a-7; 100 waiting (> 0)");
  CHECK(b.all<action::Decided>().size() == 1);
}

// ------------------------------------------------------------------------------------------- gaps

TEST_CASE("a worker found stuck after a gap is kept stuckKeep from then") {
  Bench b;
  b.knows({scheduled(1)}).reads(100, 1).step(1);
  b.blind(10, 1000);
  CHECK(b.news().empty());
  b.step(1030);
  CHECK(b.news() ==
        Texts{"orders-1 stuck, not ready 5m after it was scheduled, on node pool-a-7; kept 10m to "
              "be looked at"});
  CHECK(b.all<action::DeleteWorker>().empty());
  CHECK(b.deletions_until(1630) == 0);

  SECTION("and is deleted when nothing better is heard of it") {
    b.step(1630);
    CHECK(b.all<action::DeleteWorker>().size() == 1);
  }
  SECTION("and is left alone when the news comes that it is ready") {
    b.hears(event::WorkerSeen{ready(1, at(60))}, 1629).step(1629);
    CHECK(b.deletions_until(4000) == 0);
  }
}

TEST_CASE("a busy worker whose probe fails just when it is listed after a gap is not deleted") {
  Bench b;
  b.knows({scheduled(1)}).reads(100, 1).step(1);
  b.blind(10, 1000);
  WorkerFacts flapping = ready(1);
  flapping.pod->ready.reset();
  b.hears(event::WorkersListed{{flapping}, at(1000)}, 1000.1).step(1000.1);
  CHECK(b.all<action::DeleteWorker>().empty());
  b.hears(event::WorkerSeen{ready(1, at(1010))}, 1010).step(1010);
  CHECK(b.deletions_until(4000) == 0);
}

TEST_CASE("a stuck worker is kept anew after a gap: what it did meanwhile is not known") {
  Bench b;
  b.knows({waiting("ImagePullBackOff")}).reads(100, 0).step(0).step(30);
  b.blind(500, 900);
  CHECK(b.deletions_until(1501) == 0);
  CHECK(b.deletions_until(1531) == 1);
}

TEST_CASE("nothing is deleted while the watch is down, and nothing while it catches up") {
  Bench b;
  b.knows({waiting("ImagePullBackOff")}).reads(100, 0).step(0).step(30);
  b.hears(event::WatchChanged{false, at(600), ""}, 600).step(600);
  CHECK(b.deletions_until(640) == 0);
  b.hears(event::WatchChanged{true, at(640), ""}, 640).step(640);
  CHECK(b.all<action::DeleteWorker>().empty());
}

TEST_CASE("a watch lost again while catching up does not end the gap") {
  Bench b;
  b.knows({scheduled(1)}).reads(100, 1).step(1);
  b.blind(10, 1000);
  b.hears(event::WatchChanged{false, at(1000.1), "boom"}, 1000.3).step(1000.3);
  CHECK(b.news().empty());
  CHECK(b.decision().reason == Reason::workers_unknown);
  b.hears(event::WatchChanged{true, at(1001), ""}, 1001).step(1001);
  CHECK(b.news().empty());
  b.hears(event::WorkersListed{{ready(1, at(60))}, at(1001)}, 1002).step(1002);
  CHECK(b.news().back() == "orders-1 ready after 1m on node pool-a-7");
}

TEST_CASE("a daemon stopped again while it catches up has been blind since the first time") {
  Bench b;
  b.knows({scheduled(1)}).reads(100, 1).step(1).step(1000);
  b.step(1004).step(1050);
  CHECK(b.news().empty());
  CHECK(b.decision().reason == Reason::workers_unknown);
}

TEST_CASE("a watch reopened after a freeze does not end the catching up") {
  Bench b;
  b.knows({complete(1, at(-9))}, {{"orders", 1}}).reads(0, 0).step(0).step(20);
  b.hears(event::WatchChanged{false, at(20), "silent"}, 1300).step(1300);
  b.hears(event::WatchChanged{true, at(1300.1), ""}, 1300.1).reads(100, 1300.1).step(1300.1);
  CHECK(b.decision().reason == Reason::workers_unknown);
  CHECK(b.decision().text == "this daemon was stopped for 21m20s and is catching up");
  b.passes(1330.1).reads(100, 1330.1).step(1330.1);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("after an outage over the deadline nothing is decided on the old view") {
  Bench b;
  b.knows({complete(1, at(-9))}, {{"orders", 1}}).reads(0, 0).step(0);
  b.blind(10, 1300).reads(100, 1300.1).step(1300.1);
  CHECK(b.decision().reason == Reason::workers_unknown);
  CHECK(b.decision().text ==
        "the watch on the workers was down for 21m30s; what it missed is awaited");

  SECTION("until a list asked for since then has come") {
    b.hears(event::WorkersListed{{ready(7)}, at(1300)}, 1301).reads(100, 1301).step(1301);
    CHECK(b.started() == "orders-8");
  }
  SECTION("or the events missed have had time to arrive") {
    b.passes(1330).reads(100, 1330).step(1330);
    CHECK(b.started() == "orders-2");
  }
}

TEST_CASE("after a shorter outage decisions go on at once") {
  Bench b;
  b.knows({complete(1, at(-9))}, {{"orders", 1}}).reads(0, 0).step(0);
  b.blind(10, 69).reads(100, 69).step(69);
  CHECK(b.started() == "orders-2");
}

TEST_CASE("a worker that ended and expired unseen is not said to be deleted by someone") {
  Bench b;
  b.knows({ready(1)}).reads(0, 3).step(3);
  b.blind(10, 1000);
  b.hears(event::WorkersListed{{}, at(1000)}, 1000.1).step(1000.1);
  CHECK(b.news() == Texts{"orders-1 is gone: it ended, or was deleted, while the watch was down"});
  CHECK(b.all<action::WorkerNews>()[0].level == Level::info);
}

// --------------------------------------------------------------------------------------- upkeep

TEST_CASE("a worker stuck a second time is kept again") {
  Bench b;
  b.knows({job(1)}).reads(0, 0).step(0).step(30);
  REQUIRE(b.deletions_until(632) == 1);
  WorkerFacts late = scheduled(1, at(640));
  b.hears(event::WorkerSeen{late}, 640).step(640);
  late.pod->waiting = PodFacts::Waiting{"ImagePullBackOff", "x"};
  b.hears(event::WorkerSeen{late}, 650).step(650).passes(680).step(680);
  CHECK(b.news() == Texts{"orders-1 stuck, ImagePullBackOff: x; kept 10m to be looked at"});
  CHECK(b.deletions_until(1280) == 0);
  CHECK(b.deletions_until(1290) == 1);
}

TEST_CASE("a paused scaler is decided about every ten minutes") {
  ScalerSpec spec = eager();
  spec.paused = true;
  Bench b({{group()}, {spec}});
  b.knows().step(0);
  for (int tens = 1; tens <= 12; ++tens) {
    REQUIRE(b.wakeup() == at(600 * tens));
    b.step(600 * tens);
    CHECK(b.decision().reason == Reason::paused);
  }
}

TEST_CASE("workers kept by min during an outage of the source are not judged by its old reading") {
  ScalerSpec spec = eager();
  spec.min_workers = 1;
  Bench b({{group()}, {spec}});
  b.knows().reads(100, 0);
  for (int n = 1; n <= 5; ++n) {
    const double t = n * 10;
    b.hears(event::ReadingTaken{"orders", Error{ErrorKind::unavailable, "refused"}}, t).step(t);
    REQUIRE(b.started() == "orders-" + std::to_string(n));
    REQUIRE(b.decision().reason == Reason::below_min);
    WorkerFacts quick = complete(n, at(t + 2));
    quick.created = quick.pod->scheduled.emplace(at(t));
    b.created(quick, t + 3);
  }
  b.reads(100, 60).step(60);
  CHECK(b.started() == "orders-6");
}

TEST_CASE("a drained worker is nobody's fault when its pod is gone first") {
  Bench b;
  b.knows({ready(1)}).reads(0, 0).step(0).passes(60);
  WorkerFacts worker = ready(1);
  worker.pod->disrupted = true;
  worker.pod->deleting = true;
  worker.pod->ready.reset();
  b.hears(event::WorkerSeen{worker}, 60).step(60);
  worker.pod.reset();
  b.hears(event::WorkerSeen{worker}, 65).step(65);
  worker.outcome = WorkerFacts::Outcome::failed;
  worker.outcome_reason = "BackoffLimitExceeded";
  worker.finished = at(65);
  b.hears(event::WorkerSeen{worker}, 66).reads(100, 66).step(66);
  CHECK(b.decision().start);
  CHECK(b.news() == Texts{"orders-1 failed after 1m5s: BackoffLimitExceeded (not its own fault)"});
}
