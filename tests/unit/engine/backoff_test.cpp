#include "engine/backoff.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

using Kind = Ending::Kind;

namespace {

/// Worker number n, created `born` and ended `died` seconds into the test.
Ending ending(Kind kind, int n, double born, double died) {
  return {
      "orders-" + std::to_string(n), "uid-" + std::to_string(n), at(born), at(died), kind, "x", 0};
}

History history_of(const std::vector<Ending>& endings) {
  History history;
  for (const Ending& e : endings) history.note(e);
  return history;
}

}  // namespace

TEST_CASE("a delay doubles from its base to ten minutes, less up to a tenth by the Job's UID") {
  const auto [base, level, most] = GENERATE(table<Duration, int, Duration>({
      {kFailureBackoff, 1, seconds(10)},
      {kFailureBackoff, 2, seconds(20)},
      {kFailureBackoff, 6, seconds(320)},
      {kFailureBackoff, 7, seconds(600)},
      {kFailureBackoff, 1000, seconds(600)},
      {kStuckBackoff, 1, seconds(60)},
      {kStuckBackoff, 4, seconds(480)},
      {kStuckBackoff, 5, seconds(600)},
  }));
  for (int i = 0; i < 100; ++i) {
    const Duration delay = backoff_delay(base, level, "uid-" + std::to_string(i));
    CHECK(delay <= most);
    CHECK(delay > most - most / 10);
    CHECK(delay == backoff_delay(base, level, "uid-" + std::to_string(i)));
  }
  CHECK(backoff_delay(base, level, "uid-1") != backoff_delay(base, level, "uid-2"));
}

TEST_CASE("the jitter is the same in every build: a restarted daemon of another version agrees") {
  CHECK(backoff_delay(seconds(10), 1, "0d5f9a1e-3a6c-4c1e-9b0a-1f2e3d4c5b6a") ==
        milliseconds(9586));
}

TEST_CASE("failures raise the ladder one level each, work resets it") {
  std::vector<Ending> endings = {ending(Kind::failed, 1, 0, 1), ending(Kind::failed, 2, 20, 21)};
  Backoff backoff = backoff_after(endings);
  CHECK(backoff.level == 2);
  CHECK(backoff.until == at(21) + backoff_delay(kFailureBackoff, 2, "uid-2"));
  CHECK(backoff.last->worker == "orders-2");

  endings.push_back(ending(Kind::worked, 3, 50, 100));
  backoff = backoff_after(endings);
  CHECK(backoff == Backoff{});

  endings.push_back(ending(Kind::failed, 4, 110, 120));
  CHECK(backoff_after(endings).level == 1);
}

TEST_CASE("a batch that fails together raises one level") {
  const Backoff backoff = backoff_after({
      ending(Kind::failed, 1, 0, 10), ending(Kind::failed, 2, 1, 11),
      ending(Kind::failed, 3, 2, 12),
      ending(Kind::failed, 4, 10, 13),  // created in the second in which the first failed
  });
  CHECK(backoff.level == 1);
  CHECK(backoff.until == at(10) + backoff_delay(kFailureBackoff, 1, "uid-1"));
  CHECK(backoff.last->worker == "orders-4");
}

TEST_CASE("the level at which a worker was started speaks for those whose Jobs are gone") {
  Ending last = ending(Kind::failed, 20, 1000, 1001);
  last.level_at_start = 7;
  CHECK(backoff_after({last}).level == 8);
  CHECK(backoff_after({ending(Kind::failed, 19, 500, 501), last}).level == 8);
  CHECK(backoff_after({ending(Kind::worked, 19, 500, 600), last}).level == 8);

  SECTION("but not after another worker has worked since") {
    const Ending worked = ending(Kind::worked, 19, 999, 1000.5);
    CHECK(backoff_after({worked, last}).level == 1);
  }
}

TEST_CASE("a stuck worker backs off for longer") {
  const Backoff backoff = backoff_after({ending(Kind::stuck, 1, 0, 30)});
  CHECK(backoff.until == at(30) + backoff_delay(kStuckBackoff, 1, "uid-1"));
}

TEST_CASE(
    "three quick exits in a row are a failure, two are not, and anything between breaks the row") {
  const auto idle = [](int n) { return ending(Kind::idle, n, n * 100, n * 100 + 1); };
  CHECK(backoff_after({idle(1), idle(2)}).level == 0);
  CHECK(backoff_after({idle(1), idle(2), idle(3)}).level == 1);
  CHECK(backoff_after({idle(1), idle(2), idle(3), idle(4)}).level == 2);
  CHECK(backoff_after({idle(1), idle(2), ending(Kind::worked, 3, 300, 400), idle(5)}).level == 0);
  CHECK(backoff_after({idle(1), idle(2), ending(Kind::blameless, 3, 300, 301), idle(4)}).level ==
        1);
}

TEST_CASE("blameless endings change nothing") {
  CHECK(backoff_after({ending(Kind::blameless, 1, 0, 1)}) == Backoff{});
  const std::vector<Ending> failure = {ending(Kind::failed, 1, 0, 1)};
  CHECK(backoff_after({failure[0], ending(Kind::blameless, 2, 20, 30)}) == backoff_after(failure));
}

TEST_CASE("the order in which endings become known does not matter") {
  const std::vector<Ending> endings = {ending(Kind::failed, 1, 0, 1),
                                       ending(Kind::failed, 2, 20, 21),
                                       ending(Kind::stuck, 3, 50, 80)};
  const History forward = history_of(endings);
  const History backward = history_of({endings[2], endings[1], endings[0]});
  CHECK(forward.backoff() == backward.backoff());
  CHECK(forward.backoff().level == 3);
}

TEST_CASE("what becomes known of the same worker later replaces what was noted") {
  History history = history_of({ending(Kind::stuck, 1, 0, 30)});
  history.note(ending(Kind::failed, 1, 0, 90));
  CHECK(history.backoff().level == 1);
  CHECK(history.backoff().until == at(90) + backoff_delay(kFailureBackoff, 1, "uid-1"));

  history.reclassify("uid-1", Kind::blameless, "");
  CHECK(history.backoff().level == 0);
  history.note(ending(Kind::stuck, 2, 0, 30));
  history.forget("uid-2");
  CHECK(history.backoff().level == 0);
}

TEST_CASE("a thousand failures are remembered as what they raised") {
  History history;
  int n = 0;
  for (int batch = 0; batch < 5; ++batch) {
    for (int i = 0; i < 200; ++i, ++n) {
      history.note(ending(Kind::failed, n, batch * 1000, batch * 1000 + 10 + i / 100.0));
    }
  }
  CHECK(history.backoff().level == 5);
  for (int i = 0; i < 100; ++i, ++n) {
    history.note(ending(Kind::failed, n, 10'000 + i * 1000, 10'010 + i * 1000));
  }
  CHECK(*history.backoff().until - history.backoff().raised_at > minutes(9));
}
