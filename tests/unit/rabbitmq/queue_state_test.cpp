#include "rabbitmq/queue_state.h"

#include <catch2/catch.hpp>

namespace jobscaler::rabbitmq {
namespace {

using std::chrono::seconds;

constexpr Duration kPoll = seconds(5);
constexpr WallTime kWall{seconds(1'700'000'000)};

TimePoint at(int second) {
  return TimePoint(std::chrono::hours(1)) + seconds(second);
}

Depth depth(int second, std::int64_t ready, std::int64_t consumers = 1) {
  return {ready, consumers, at(second), at(second)};
}

StatsSample sample(int second, QueueStats stats) {
  return {stats, at(second), at(second), seconds(5)};
}

QueueState with_stats(AgeChoice age, QueueStats stats) {
  QueueState state(age, kPoll, true);
  state.take(depth(0, 1), kWall);
  state.take(sample(0, stats));
  return state;
}

}  // namespace

TEST_CASE("a reading from AMQP alone has no messages in flight") {
  QueueState state(AgeChoice::automatic, kPoll, false);
  const auto reading = state.take(depth(0, 12, 3), kWall);
  Reading expected;
  expected.waiting = 12;
  expected.consumers = 3;
  expected.taken_at = at(0);
  CHECK(reading == expected);
}

TEST_CASE("messages in flight come from the last sample, until it is three polls and 15 s old") {
  auto state = with_stats(AgeChoice::automatic, {.unacknowledged = 4});
  CHECK(state.take(depth(5, 1), kWall).in_flight == 4);
  CHECK(state.take(depth(15, 1), kWall).in_flight == 4);
  CHECK(state.take(depth(16, 1), kWall).in_flight == std::nullopt);
}

TEST_CASE("a sample without unacknowledged messages leaves them unknown") {
  auto state = with_stats(AgeChoice::automatic, {.ready = 3});
  CHECK(state.take(depth(5, 3), kWall).in_flight == std::nullopt);
}

TEST_CASE(
    "messages in flight are unknown while the broker makes its statistics too rarely to tell") {
  QueueState state(AgeChoice::automatic, kPoll, true);
  for (const auto interval : {std::optional<Duration>(), std::optional<Duration>(seconds(30))}) {
    state.take({{.unacknowledged = 0}, at(0), at(0), interval});
    CHECK(state.take(depth(5, 1), kWall).in_flight == std::nullopt);
  }
  state.take({{.unacknowledged = 0}, at(0), at(0), seconds(5)});
  CHECK(state.take(depth(5, 1), kWall).in_flight == 0);
}

TEST_CASE("a zero after a non-zero is marked until it is confirmed") {
  QueueState state(AgeChoice::automatic, kPoll, false);
  state.take(depth(0, 3), kWall);
  CHECK(state.take(depth(5, 0), kWall).zero_unconfirmed);
  CHECK(state.take(depth(10, 0), kWall).zero_unconfirmed);
  CHECK_FALSE(state.take(depth(15, 0), kWall).zero_unconfirmed);
}

TEST_CASE("the age by timestamp is an upper bound") {
  auto state = with_stats(AgeChoice::timestamp, {.head_timestamp = 1'700'000'000 - 90});
  const auto reading = state.take(depth(5, 1), kWall);
  CHECK(reading.oldest ==
        OldestAge{seconds(90), AgeMethod::timestamp, OldestAge::Kind::upper_bound});
}

TEST_CASE("a timestamp from the future is no age") {
  auto state = with_stats(AgeChoice::timestamp, {.head_timestamp = 1'700'000'001});
  CHECK(state.take(depth(5, 1), kWall).oldest == std::nullopt);
}

TEST_CASE("a queue in which nothing waits has no oldest message, whatever the samples say") {
  auto state = with_stats(AgeChoice::automatic, {.head_timestamp = 1'600'000'000});
  CHECK(state.take(depth(5, 0), kWall).oldest == std::nullopt);
}

TEST_CASE("a missing timestamp is said when it is the only method asked for") {
  auto state = with_stats(AgeChoice::timestamp, {.ready = 1});
  const auto reading = state.take(depth(5, 1), kWall);
  CHECK(reading.oldest == std::nullopt);
  CHECK(reading.hint ==
        "no age: the broker tells no timestamp of the head (publishers must set the timestamp "
        "property; quorum queues and messages on disk have none)");
}

TEST_CASE("auto takes the smallest upper bound") {
  QueueState state(AgeChoice::automatic, kPoll, true);
  state.take(depth(0, 4), kWall);
  state.take(sample(0, {.head_timestamp = 1'700'000'000 - 1000}));
  CHECK(state.take(depth(5, 4), kWall).oldest->age == seconds(1000));
  state.take(depth(10, 0), kWall);  // with a consumer: not a leaderless queue's zero
  const auto reading = state.take(depth(15, 2), kWall);
  CHECK(reading.oldest == OldestAge{seconds(5), AgeMethod::bound, OldestAge::Kind::upper_bound});
}

TEST_CASE("only the method asked for is used") {
  QueueState state(AgeChoice::timestamp, kPoll, true);
  state.take(depth(0, 0), kWall);
  state.take(sample(0, {.head_timestamp = 1'700'000'000 - 1000}));
  CHECK(state.take(depth(5, 2), kWall).oldest->method == AgeMethod::timestamp);

  QueueState none(AgeChoice::none, kPoll, true);
  none.take(depth(0, 0), kWall);
  none.take(sample(0, {.head_timestamp = 1'700'000'000 - 1000}));
  CHECK(none.take(depth(5, 2), kWall).oldest == std::nullopt);
}

TEST_CASE("a consumer that went away may have put messages back: bound starts again") {
  QueueState state(AgeChoice::bound, kPoll, false);
  state.take(depth(0, 0, 2), kWall);
  CHECK(state.take(depth(5, 3, 2), kWall).oldest->age == seconds(5));
  CHECK(state.take(depth(10, 3, 1), kWall).oldest == std::nullopt);
  state.take(depth(15, 0, 1), kWall);
  CHECK(state.take(depth(20, 1, 1), kWall).oldest->age == seconds(5));
}

TEST_CASE("a consumer that came while the queue seemed deserted does not hide one that went") {
  QueueState state(AgeChoice::bound, kPoll, false);
  state.take(depth(0, 0, 2), kWall);
  state.take(depth(5, 0, 0), kWall);  // perhaps a quorum queue without a leader
  CHECK(state.take(depth(10, 3, 1), kWall).oldest == std::nullopt);
}

TEST_CASE("redelivered messages had been put back: bound starts again") {
  QueueState state(AgeChoice::bound, kPoll, true);
  state.take(depth(0, 0), kWall);
  state.take(sample(1, {.redelivered = 4}));
  state.take(depth(5, 0), kWall);
  CHECK(state.take(depth(10, 3), kWall).oldest.has_value());
  state.take(sample(11, {.redelivered = 4}));
  CHECK(state.take(depth(15, 3), kWall).oldest.has_value());
  state.take(sample(16, {.redelivered = 5}));
  CHECK(state.take(depth(20, 3), kWall).oldest == std::nullopt);
}

TEST_CASE("after an interruption no age is claimed from what was seen before") {
  QueueState state(AgeChoice::bound, kPoll, false);
  state.take(depth(0, 0), kWall);
  CHECK(state.take(depth(5, 3), kWall).oldest.has_value());
  state.interrupted(at(6));
  CHECK(state.take(depth(10, 3), kWall).oldest == std::nullopt);
}

TEST_CASE("after an interruption nothing is in flight but what was asked for later") {
  auto state = with_stats(AgeChoice::bound, {.unacknowledged = 4});
  state.interrupted(at(4));
  CHECK(state.take(depth(5, 1), kWall).in_flight == std::nullopt);
  state.take(sample(3, {.unacknowledged = 4}));
  CHECK(state.take(depth(6, 1), kWall).in_flight == std::nullopt);
  state.take(sample(6, {.unacknowledged = 2}));
  CHECK(state.take(depth(7, 1), kWall).in_flight == 2);
}

TEST_CASE("a priority queue has no ages but the time since it was empty") {
  auto state = with_stats(AgeChoice::automatic,
                          {.messages = 1, .head_timestamp = 1'600'000'000, .priorities = true});
  state.take(depth(5, 0), kWall);
  CHECK(state.take(depth(10, 1), kWall).oldest == std::nullopt);
  for (int second : {15, 20, 25}) state.take(depth(second, 0, 0), kWall);
  CHECK(state.take(depth(30, 1), kWall).oldest ==
        OldestAge{seconds(15), AgeMethod::bound, OldestAge::Kind::upper_bound});
  // Also when the management API has not been heard of for long.
  state.take(depth(1000, 0, 1), kWall);
  CHECK(state.take(depth(1005, 1, 1), kWall).oldest->age == seconds(990));
}

TEST_CASE(
    "nothing is claimed that priorities could make wrong, until they are known or cannot be") {
  QueueState state(AgeChoice::automatic, kPoll, true);
  state.take(depth(0, 0), kWall);
  CHECK(state.take(depth(5, 1), kWall).oldest == std::nullopt);
  state.stats_failed();
  CHECK(state.take(depth(10, 1), kWall).oldest->method == AgeMethod::bound);
}

TEST_CASE("no upper bound below the truth when statistics are made every 30 s") {
  // A message arrives at 31 and is taken by a worker at once; the worker dies at 58.
  QueueState state(AgeChoice::automatic, kPoll, true);
  for (int second = 0; second < 95; second += 5) {
    const int made = second / 30 * 30;
    state.take(sample(second, {.unacknowledged = made > 31 && made < 58 ? 1 : 0,
                               .messages = made > 31 ? 1 : 0,
                               .published = second > 31 ? 11 : 10}));
    const bool back = second >= 58;
    const auto reading = state.take(back ? depth(second, 1, 0) : depth(second, 0, 1), kWall);
    if (!reading.oldest || reading.oldest->kind == OldestAge::Kind::lower_bound) continue;
    INFO("at " << second);
    CHECK(reading.oldest->age >= seconds(second - 31));
  }
}

TEST_CASE("a stamp in milliseconds is no age") {
  const std::int64_t now = GENERATE(1'795'327'000, 1'800'000'000, 1'810'000'000);
  CHECK(timestamp_age(now * 1000, WallTime(seconds(now))) == std::nullopt);
  CHECK(timestamp_age(now, WallTime(seconds(now)))->age == seconds(0));
}

TEST_CASE("a stamp in the future is said when it is the only method asked for") {
  auto state = with_stats(AgeChoice::timestamp, {.head_timestamp = 1'700'000'000'000});
  const auto reading = state.take(depth(5, 1), kWall);
  CHECK(reading.oldest == std::nullopt);
  CHECK(reading.hint ==
        "no age: the head's timestamp lies in the future: is it in milliseconds (AMQP's are "
        "seconds), or the publisher's clock wrong?");
}

TEST_CASE("a leaderless spell of 5 s is never believed at a 100 ms poll") {
  QueueState state(AgeChoice::automatic, std::chrono::milliseconds(100), false);
  state.take(depth(0, 3, 1), kWall);
  for (int i = 0; i <= 50; ++i) {
    const auto when = at(1) + i * std::chrono::milliseconds(100);
    CHECK(state.take({0, 0, when, when}, kWall).zero_unconfirmed);
  }
}

TEST_CASE("consumers that hold everything are hinted at") {
  QueueState state(AgeChoice::automatic, kPoll, true);
  state.take(sample(0, {.unacknowledged = 240}));
  CHECK(state.take(depth(1, 0, 2), kWall).hint ==
        "none waiting, 240 in flight at 2 consumers: does your worker set prefetch?");
  CHECK(state.take(depth(2, 1, 2), kWall).hint == "");
  CHECK(state.take(depth(3, 0, 24), kWall).hint == "");
}

TEST_CASE("a stream is said to be one and has no age") {
  auto state = with_stats(AgeChoice::automatic, {.messages = 5, .stream = true});
  state.take(depth(5, 0), kWall);
  const auto reading = state.take(depth(10, 5), kWall);
  CHECK(reading.oldest == std::nullopt);
  CHECK(reading.hint == "this is a stream: its size is the length of the log, not a backlog");
}

}  // namespace jobscaler::rabbitmq
