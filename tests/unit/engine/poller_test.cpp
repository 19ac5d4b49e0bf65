#include "engine/poller.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

TEST_CASE("a queue is read at once, then at every interval") {
  Poller poller(seconds(5), at(0));
  CHECK(poller.next() == at(0));
  poller.asked(at(0));
  poller.answered(at(0));
  CHECK(poller.next() == at(5));
}

TEST_CASE("one request at a time, unless it has been unanswered for three intervals") {
  Poller poller(seconds(5), at(0));
  poller.asked(at(0));
  CHECK(poller.next() == at(15));
  poller.need(at(1));
  CHECK(poller.next() == at(15));
  poller.asked(at(15));
  CHECK(poller.next() == at(30));
}

TEST_CASE("a reading that somebody needs is taken at once, and once") {
  Poller poller(seconds(5), at(0));
  poller.asked(at(0));
  poller.answered(at(0));
  poller.need(at(2));
  CHECK(poller.next() == at(2));
  poller.asked(at(2));
  poller.answered(at(2));
  CHECK(poller.next() == at(7));
}

TEST_CASE("a request that left before the need arose does not meet it") {
  Poller poller(seconds(5), at(0));
  poller.asked(at(0));
  poller.need(at(1));
  poller.answered(at(0));
  CHECK(poller.next() == at(1));
  poller.asked(at(1.5));
  poller.answered(at(1.5));
  CHECK(poller.next() == at(6.5));
}

TEST_CASE("of several needs the first is met first") {
  Poller poller(seconds(5), at(0));
  poller.asked(at(0));
  poller.answered(at(0));
  poller.need(at(2));
  poller.need(at(4));
  CHECK(poller.next() == at(2));
}

TEST_CASE("a failed reading is repeated at the regular time, needed or not") {
  Poller poller(seconds(5), at(0));
  poller.need(at(0));
  poller.asked(at(0));
  poller.answered(std::nullopt);
  CHECK(poller.next() == at(5));
}
