#include "engine/decide.h"

#include <catch2/catch.hpp>
#include <functional>
#include <map>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

namespace {

/// A scaler that would start a worker, until a test says otherwise.
struct Sample {
  ScalerSpec spec = orders();
  NodeGroupSpec node_group = group();
  QueueView queue{reading(240), std::nullopt};
  Backoff backoff;
  Refusal refusal;

  Sample() {
    spec.messages_per_worker = 50;
    queue.reading->oldest = OldestAge{seconds(12), AgeMethod::timestamp, OldestAge::Kind::exact};
  }

  Situation situation() {
    Situation s{.spec = spec, .now = at(0), .queue = queue, .backoff = backoff};
    s.counts.ready = 2;
    s.groups = {GroupView{&node_group, 0, 2}};
    return s;
  }

  void fail() {
    backoff.level = 2;
    backoff.until = at(8);
    backoff.last = Ending{"orders-41",
                          "u",
                          at(-9),
                          at(-2),
                          Ending::Kind::failed,
                          "exit code 1, Error: no such host: db"};
  }
};

const std::string kDemand = "240 waiting (> 100), oldest 12s";

/// One situation per reason, with the text that people read.
std::map<Reason, std::pair<Verdict, std::string>> all_verdicts() {
  std::map<Reason, std::pair<Verdict, std::string>> all;
  const auto add = [&](Reason reason, const std::string& text,
                       const std::function<void(Sample&, Situation&)>& change) {
    Sample sample;
    Situation s = sample.situation();
    change(sample, s);
    all[reason] = {decide(s), text};
  };
  add(Reason::paused, "paused in the configuration; 2 workers left alone",
      [](Sample& x, Situation&) { x.spec.paused = true; });
  add(Reason::not_leader, "jobscaler-b holds the Lease", [](Sample&, Situation& s) {
    s.leader = false;
    s.lease_holder = "jobscaler-b";
  });
  add(Reason::workers_unknown, "the workers have not been listed yet",
      [](Sample&, Situation& s) { s.workers_unknown = "the workers have not been listed yet"; });
  add(Reason::below_min, "2 of at least 3 workers",
      [](Sample& x, Situation&) { x.spec.min_workers = 3; });
  add(Reason::source_unavailable, "no reading yet; holding at 2 workers",
      [](Sample& x, Situation&) { x.queue = {}; });
  add(Reason::below_threshold, "100 waiting (not > 100), oldest 12s",
      [](Sample& x, Situation&) { x.queue.reading->waiting = 100; });
  add(Reason::messages_above, kDemand, [](Sample&, Situation&) {});
  add(Reason::oldest_above, "7 waiting (not > 100), oldest 12s (> 10s)", [](Sample& x, Situation&) {
    x.queue.reading->waiting = 7;
    x.spec.oldest_above = seconds(10);
  });
  const auto refuse = [](Reason reason) {
    return [reason](Sample& x, Situation& s) {
      x.refusal = {reason, "the server's\nwords", at(4), 3};
      s.refusal = &x.refusal;
    };
  };
  for (const Reason reason : {Reason::template_refused, Reason::name_taken, Reason::quota_exceeded,
                              Reason::cluster_refused}) {
    add(reason, "the server's words; retry in 4s; " + kDemand, refuse(reason));
  }
  add(Reason::backing_off,
      "for another 8s (level 2): orders-41: exit code 1, Error: no such host: db; " + kDemand,
      [](Sample& x, Situation&) { x.fail(); });
  add(Reason::at_max, "20 of 20 workers; " + kDemand,
      [](Sample&, Situation& s) { s.counts.ready = 20; });
  add(Reason::enough_workers, "5 workers coming, enough at 50 messages each; " + kDemand,
      [](Sample&, Situation& s) { s.unfed = 5; });
  add(Reason::create_unanswered,
      "orders-43 was asked for 3s ago and there is no answer yet; " + kDemand,
      [](Sample&, Situation& s) {
        s.unanswered = "orders-43";
        s.unanswered_since = at(-3);
      });
  add(Reason::at_capacity, "orders-42 pending 16m; " + kDemand, [](Sample&, Situation& s) {
    s.groups[0].no_place = true;
    s.groups[0].no_place_words = "orders-42 pending 16m";
  });
  add(Reason::waiting_for_ready, "bills-7 pending 8s; " + kDemand, [](Sample&, Situation& s) {
    s.groups[0].unready = 1;
    s.groups[0].holder_words = "bills-7 pending 8s";
  });
  add(Reason::settling, "waiting for a reading taken after orders-42 became ready; " + kDemand,
      [](Sample& x, Situation& s) {
        x.queue.reading->taken_at = at(-2);
        s.effects.last_ready = at(-1);
        s.effects.last_ready_worker = "orders-42";
      });
  return all;
}

}  // namespace

TEST_CASE("every reason can be given, and says what led to it") {
  const auto all = all_verdicts();
  for (const Reason reason : all_reasons()) {
    CAPTURE(to_string(reason));
    REQUIRE(all.contains(reason));
    const auto& [verdict, text] = all.at(reason);
    CHECK(verdict.reason == reason);
    CHECK(verdict.text == text);
  }
}

TEST_CASE("a worker is started for a demand, and for nothing else") {
  for (const auto& [reason, sample] : all_verdicts()) {
    CAPTURE(to_string(reason));
    const bool demand = reason == Reason::below_min || reason == Reason::messages_above ||
                        reason == Reason::oldest_above;
    CHECK(sample.first.group.has_value() == demand);
  }
}

TEST_CASE("the first limit that applies is the reason") {
  Sample x;
  Situation s = x.situation();
  s.effects.last_ready = at(1);
  s.effects.last_ready_worker = "orders-42";
  CHECK(decide(s).reason == Reason::settling);
  s.groups[0].unready = 1;
  CHECK(decide(s).reason == Reason::waiting_for_ready);
  s.groups[0].no_place = true;
  CHECK(decide(s).reason == Reason::at_capacity);
  s.unanswered = "orders-43";
  CHECK(decide(s).reason == Reason::create_unanswered);
  s.unfed = 5;
  CHECK(decide(s).reason == Reason::enough_workers);
  s.counts.stuck = 18;  // stuck workers count against max
  CHECK(decide(s).reason == Reason::at_max);
  x.fail();
  CHECK(decide(s).reason == Reason::backing_off);
  x.refusal = {Reason::quota_exceeded, "", at(4), 1};
  s.refusal = &x.refusal;
  CHECK(decide(s).reason == Reason::quota_exceeded);
  x.queue.reading->waiting = 0;
  CHECK(decide(s).reason == Reason::below_threshold);
  s.workers_unknown = "x";
  CHECK(decide(s).reason == Reason::workers_unknown);
  s.leader = false;
  CHECK(decide(s).reason == Reason::not_leader);
  CHECK(decide(s).text == "no daemon is known to hold the Lease");
  x.spec.paused = true;
  CHECK(decide(s).reason == Reason::paused);
}

TEST_CASE("workers wanted by min are neither too many for the backlog nor waited for to settle") {
  Sample x;
  x.spec.min_workers = 5;
  x.queue = {};
  Situation s = x.situation();
  s.unfed = 100;
  s.effects.last_ready = at(1);
  s.effects.unready_words = "orders-2 pending";
  CHECK(decide(s).reason == Reason::below_min);
  CHECK(decide(s).group.has_value());
}

TEST_CASE("a limit that ends by itself says when") {
  Sample x;
  x.fail();
  CHECK(decide(x.situation()).revisit == at(8));
  x.backoff.until = at(0);
  CHECK(decide(x.situation()).reason == Reason::messages_above);
  x.backoff = {};
  Situation s = x.situation();
  x.refusal = {Reason::name_taken, "", at(4), 1};
  s.refusal = &x.refusal;
  CHECK(decide(s).revisit == at(4));
  s.now = at(4);
  CHECK(decide(s).reason == Reason::messages_above);
}

TEST_CASE("a maximum shared by a node group's scalers is named") {
  Sample x;
  x.node_group.max_workers = 50;
  Situation s = x.situation();
  s.groups[0].unfinished = 50;
  CHECK(decide(s).reason == Reason::at_max);
  CHECK(decide(s).text == "node group default has 50 of 50 workers; " + kDemand);
  CHECK(decide(s).on_groups);
}
