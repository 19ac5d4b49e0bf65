#include "engine/worker_store.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

namespace {

const ScalerSpec kSpec = orders();
const Origin kWatch{Origin::Kind::watch, {}};
const Origin kAnswer{Origin::Kind::answer, {}};

Origin list(double s) {
  return {Origin::Kind::list, at(s)};
}

}  // namespace

TEST_CASE("a worker goes through its life once, whatever is heard twice") {
  WorkerStore store;
  CHECK(store.see(job(), kWatch, kSpec, at(0)).first);
  CHECK_FALSE(store.see(scheduled(), kWatch, kSpec, at(1)).became_ready);
  CHECK(store.see(ready(), kWatch, kSpec, at(2)).became_ready);
  CHECK_FALSE(store.see(ready(), kWatch, kSpec, at(3)).became_ready);
  CHECK(store.see(complete(), kWatch, kSpec, at(60)).became_finished);
  CHECK_FALSE(store.see(complete(), kWatch, kSpec, at(61)).became_finished);
  CHECK(store.unfinished().empty());
  CHECK(store.finished().size() == 1);
}

TEST_CASE("old news neither un-finishes nor un-readies a worker, nor takes back its deletion") {
  WorkerStore store;
  store.see(ready(), kWatch, kSpec, at(2));
  store.see(scheduled(), kWatch, kSpec, at(3));
  CHECK(store.unfinished().at("orders-1").memory.was_ready);

  WorkerFacts going = ready();
  going.deleting = true;
  CHECK(store.see(going, kWatch, kSpec, at(4)).became_going);
  store.see(ready(), kWatch, kSpec, at(5));
  CHECK(store.unfinished().at("orders-1").facts.deleting);

  store.see(failed(), kWatch, kSpec, at(60));
  CHECK_FALSE(store.see(ready(), kWatch, kSpec, at(61)).became_ready);
  CHECK(store.finished().at("orders-1").facts.outcome == WorkerFacts::Outcome::failed);
}

TEST_CASE("how a worker ended stays known when its pod is gone, and may become known later") {
  WorkerStore store;
  WorkerFacts early = failed();
  early.pod->exit.reset();
  store.see(early, kWatch, kSpec, at(60));
  store.see(failed(), kWatch, kSpec, at(61));
  REQUIRE(store.finished().at("orders-1").facts.pod->exit.has_value());
  WorkerFacts late = failed();
  late.pod.reset();
  store.see(late, kWatch, kSpec, at(62));
  CHECK(store.finished().at("orders-1").facts.pod->exit->code == 1);
}

TEST_CASE("how a worker ended is known even if its pod is gone before it is said to have failed") {
  WorkerStore store;
  WorkerFacts drained = ready();
  drained.pod->disrupted = true;
  store.see(drained, kWatch, kSpec, at(60));
  store.see(job(), kWatch, kSpec, at(61));
  CHECK_FALSE(store.unfinished().at("orders-1").facts.pod);
  WorkerFacts end = failed();
  end.pod.reset();
  store.see(end, kWatch, kSpec, at(62));
  CHECK(store.finished().at("orders-1").facts.pod->disrupted);
}

TEST_CASE(
    "a create's answer does not overwrite what the watch has told already, unless it tells an "
    "end") {
  WorkerStore store;
  store.see(unschedulable(), kWatch, kSpec, at(1));
  store.see(job(), kAnswer, kSpec, at(2));
  CHECK(store.unfinished().at("orders-1").facts.pod.has_value());
  store.see(complete(), kAnswer, kSpec, at(3));
  CHECK(store.finished().size() == 1);
}

TEST_CASE("a worker is gone only by its own uid") {
  WorkerStore store;
  store.see(job(), kWatch, kSpec, at(0));
  CHECK_FALSE(store.gone("orders-1", "another", at(1)));
  CHECK(store.knows("orders-1"));
  CHECK(store.gone("orders-1", "uid-1", at(1))->facts.number == 1);
  CHECK_FALSE(store.knows("orders-1"));
  CHECK_FALSE(store.gone("orders-1", "uid-1", at(2)));
}

TEST_CASE("what is gone does not come back by an old event, but by a younger list") {
  WorkerStore store;
  store.see(job(), kWatch, kSpec, at(0));
  store.gone("orders-1", "uid-1", at(10));
  CHECK(store.see(job(), kWatch, kSpec, at(11)).worker == nullptr);
  CHECK(store.see(job(), kAnswer, kSpec, at(11)).worker == nullptr);
  CHECK(store.see(job(), list(9), kSpec, at(11)).worker == nullptr);
  CHECK(store.see(job(), list(11), kSpec, at(12)).first);
}

TEST_CASE("of two Jobs by one name the younger exists") {
  WorkerStore store;
  store.see(ready(), kWatch, kSpec, at(2));
  WorkerFacts younger = job();
  younger.uid = "younger";
  younger.created = at(100);
  CHECK(store.see(younger, kWatch, kSpec, at(100)).first);
  CHECK(store.see(ready(), kWatch, kSpec, at(101)).worker == nullptr);
  CHECK(store.unfinished().at("orders-1").facts.uid == "younger");
  CHECK_FALSE(store.unfinished().at("orders-1").memory.was_ready);
}

TEST_CASE("a list does not remove what was learnt after it was asked for") {
  WorkerStore store;
  store.see(job(1), kWatch, kSpec, at(1));
  store.see(job(2), kAnswer, kSpec, at(5));
  store.see(job(3), kWatch, kSpec, at(1));
  const WorkerFacts listed = job(3);
  const auto missing = store.missing_from({&listed}, at(5));
  REQUIRE(missing.size() == 1);
  CHECK(missing[0]->facts.name == "orders-1");
}

TEST_CASE("a worker that was ready before it was first seen became so then, not now") {
  WorkerStore store;
  const auto sighting = store.see(ready(1, at(2)), kWatch, kSpec, at(500));
  CHECK(sighting.became_ready);
  CHECK(sighting.worker->ready_at == at(2));
  CHECK(store.see(complete(2, at(60)), kWatch, kSpec, at(500)).worker->ready_at == at(60));
}
