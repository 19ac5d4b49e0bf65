#include "engine/room.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

TEST_CASE("room with the messages in flight known: all messages, less all live workers") {
  struct Row {
    std::int64_t waiting, in_flight, per_worker;
    int live;
    std::int64_t room;
  };
  const Row row = GENERATE(values<Row>({
      {10, 0, 1, 0, 10},
      {10, 5, 1, 5, 10},
      {0, 5, 1, 5, 0},
      {1, 0, 50, 0, 1},
      {50, 0, 50, 1, 0},
      {51, 0, 50, 1, 1},
      {240, 10, 50, 5, 0},
      {240, 11, 50, 5, 1},
      {10, 10, 1, 2,
       18},  // a worker with prefetch 10 holds ten: the trigger, not the room, ends this
      {0, 0, 1, 3, -3},
      {9'000'000'000'000'000'000, 0, 1, 0, 9'000'000'000'000'000'000},
  }));
  Reading r = reading(row.waiting);
  r.in_flight = row.in_flight;
  CAPTURE(row.waiting, row.in_flight, row.per_worker, row.live);
  CHECK(room_for(r, row.per_worker, row.live, 99) == row.room);
}

TEST_CASE("room without: the waiting messages, less the workers that the reading cannot show yet") {
  struct Row {
    std::int64_t waiting, per_worker;
    int live, unfed;
    std::int64_t room;
  };
  const Row row = GENERATE(values<Row>({
      {10, 1, 0, 0, 10},
      {10, 1, 7, 0, 10},  // seven ready workers hold messages of their own
      {10, 1, 7, 3, 7},
      {3, 1, 3, 3, 0},
      {100, 50, 2, 1, 1},
      {100, 50, 2, 2, 0},
      {101, 50, 2, 2, 1},
      {0, 1, 1, 1, -1},
  }));
  CAPTURE(row.waiting, row.per_worker, row.live, row.unfed);
  CHECK(room_for(reading(row.waiting), row.per_worker, row.live, row.unfed) == row.room);
}

TEST_CASE("enough workers says what they are enough for") {
  ScalerSpec spec = orders();
  CHECK_FALSE(enough_workers(spec, reading(2), 1, 1).has_value());
  CHECK(enough_workers(spec, reading(1), 3, 1) == "1 worker coming, enough at 1 message each");
  spec.messages_per_worker = 50;
  Reading r = reading(240);
  r.in_flight = 10;
  CHECK(enough_workers(spec, r, 5, 0) == "5 workers there or coming, enough at 50 messages each");
}

TEST_CASE("no more workers than the source can feed") {
  Reading r = reading(1000);
  r.parallelism_limit = 4;
  CHECK_FALSE(enough_workers(orders(), r, 3, 0).has_value());
  CHECK(enough_workers(orders(), r, 4, 0) ==
        "4 workers, and the source feeds no more than 4 at once");
}
