#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <latch>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::rabbitmq::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

/// Keeps the connection's thread in its first reading until let go.
class HoldingCollector : public Collector {
 public:
  using Collector::post;
  void post(Event event) override {
    entered_.count_down();
    let_go_.wait();
    Collector::post(std::move(event));
  }
  void wait_until_held() { entered_.wait(); }
  void let_go() { let_go_.count_down(); }

 private:
  std::latch entered_{1};
  std::latch let_go_{1};
};

}  // namespace

TEST_CASE("a reading counts waiting messages and consumers, not messages in work") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("counts");
  client.declare(queue);
  client.publish(queue, numbered(5));
  client.consume(queue, 2);
  client.deliveries(2);

  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .queue = queue}});
  const auto before = BootClock::now();
  const auto reading = fixture.read("s");
  REQUIRE(reading.ok());
  CHECK(reading->waiting == 3);
  CHECK(reading->consumers == 1);
  CHECK(reading->in_flight == std::nullopt);
  CHECK(reading->parallelism_limit == std::nullopt);
  CHECK_FALSE(reading->zero_unconfirmed);
  CHECK(reading->taken_at >= before);
  CHECK(reading->taken_at <= BootClock::now());
}

TEST_CASE("what is known of a queue outlives a change of the others") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("stays");
  const auto other = new_queue_name("comes");
  client.declare(queue);
  client.declare(other);
  client.publish(other, numbered(2));
  const Queue stays{.scaler = "s", .queue = queue};
  Fixture fixture(shared_broker().settings(), {stays});
  // As many as were seen at first are seen to leave: what is there is younger than that.
  for (int i = 0; i < 2; ++i) {
    client.purge(queue);
    client.publish(queue, numbered(4));
    REQUIRE(fixture.read("s")->waiting == 4);
    client.purge(queue);
    client.publish(queue, numbered(1));
    REQUIRE(fixture.read("s")->waiting == 1);
  }
  REQUIRE(fixture.read("s")->oldest);

  Queue often = stays;
  often.poll_interval = seconds(1);
  fixture.connection().set_queues({{.scaler = "t", .queue = other}, often});
  const auto reading = fixture.read("s");
  CHECK(reading->waiting == 1);
  CHECK(reading->oldest);
  CHECK(fixture.read("t")->waiting == 2);

  fixture.connection().set_queues({{.scaler = "s", .queue = other}});
  const auto moved = fixture.read("s");
  CHECK(moved->waiting == 2);
  CHECK_FALSE(moved->oldest);
}

TEST_CASE("a quorum queue is read like a classic one") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("quorum");
  client.declare(queue, {.type = "quorum"});
  client.publish(queue, numbered(7));
  client.consume(queue, 3);
  client.deliveries(3);

  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .queue = queue}});
  const auto reading = fixture.read("s");
  REQUIRE(reading.ok());
  CHECK(reading->waiting == 4);
  CHECK(reading->consumers == 1);
}

TEST_CASE("an empty queue's first zero is believed") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("empty");
  client.declare(queue);
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .queue = queue}});
  const auto reading = fixture.read("s");
  REQUIRE(reading.ok());
  CHECK(reading->waiting == 0);
  CHECK_FALSE(reading->zero_unconfirmed);
}

TEST_CASE(
    "a purged queue's zero is believed after three that lie 4 s apart, and its messages' age is "
    "forgotten") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("purged");
  client.declare(queue);
  client.publish(queue, numbered(900));
  Fixture fixture(shared_broker().settings(),
                  {{.scaler = "s", .queue = queue, .poll_interval = milliseconds(100)}});
  CHECK(fixture.read("s")->waiting == 900);

  client.purge(queue);
  const auto first = fixture.read("s");
  CHECK(first->waiting == 0);
  CHECK(first->zero_unconfirmed);
  const auto confirmed =
      fixture.read_until("s", [](const auto& reading) { return !reading->zero_unconfirmed; });
  CHECK(confirmed->waiting == 0);
  CHECK(confirmed->taken_at - first->taken_at >= seconds(8));

  const auto purged_by = confirmed->taken_at;
  client.publish(queue, numbered(1));
  const auto again = fixture.read("s");
  CHECK(again->waiting == 1);
  REQUIRE(again->oldest.has_value());
  CHECK(again->oldest->method == AgeMethod::bound);
  CHECK(again->oldest->kind == OldestAge::Kind::upper_bound);
  CHECK(again->oldest->age >= again->taken_at - purged_by);
}

TEST_CASE("a missing queue is said to be missing, and the others on its connection are read") {
  TestClient client(shared_broker().settings());
  const auto first = new_queue_name("present");
  const auto last = new_queue_name("present");
  const auto missing = new_queue_name("missing");
  client.declare(first);
  client.declare(last);
  client.publish(last, numbered(2));

  Fixture fixture(shared_broker().settings(), {{.scaler = "a", .queue = first},
                                               {.scaler = "b", .queue = missing},
                                               {.scaler = "c", .queue = last}});
  for (const char* scaler : {"a", "b", "c"}) fixture.connection().read(scaler);
  fixture.collector().wait_for_readings(3);
  CHECK(fixture.collector().last("a")->waiting == 0);
  CHECK(fixture.collector().last("c")->waiting == 2);
  const auto reading = fixture.collector().last("b");
  REQUIRE_FALSE(reading.ok());
  CHECK(reading.error().kind == ErrorKind::not_found);
  CHECK(reading.error().message ==
        fmt::format(
            "rabbitmq test: queue '{}' does not exist in vhost '/': create it, or correct the "
            "scaler's queue",
            missing));

  client.declare(missing);
  CHECK(fixture.read("b")->waiting == 0);
}

TEST_CASE("a queue that is exclusive to another connection is said to be") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("exclusive");
  client.declare(queue, {.exclusive = true});
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .queue = queue}});
  const auto reading = fixture.read("s");
  REQUIRE_FALSE(reading.ok());
  CHECK(reading.error().kind == ErrorKind::rejected);
  CHECK_THAT(
      reading.error().message,
      Catch::StartsWith(fmt::format(
          "rabbitmq test: queue '{}' is exclusive to another connection (405 RESOURCE_LOCKED",
          queue)));
}

TEST_CASE("one poll reads 1,000 queues, missing ones among them, each with its own answer") {
  TestClient client(shared_broker().settings());
  const auto prefix = new_queue_name("many");
  std::vector<Queue> queues;
  for (int i = 0; i < 1000; ++i) {
    const auto name = fmt::format("{}-{:03}", prefix, i);
    queues.push_back({.scaler = fmt::format("s{:03}", i), .queue = name});
    const bool missing = i % 97 == 5;
    if (missing) continue;
    client.declare(name);
    if (i % 100 == 0) client.publish(name, numbered(1 + i / 100));
  }
  Fixture fixture(shared_broker().settings(), queues);
  for (const auto& queue : queues) fixture.connection().read(queue.scaler);
  fixture.collector().wait_for_readings(1000);
  for (int i = 0; i < 1000; ++i) {
    const auto reading = fixture.collector().last(fmt::format("s{:03}", i));
    INFO("queue " << i);
    REQUIRE(reading.ok() == (i % 97 != 5));
    if (reading.ok()) REQUIRE(reading->waiting == (i % 100 == 0 ? 1 + i / 100 : 0));
  }
  for (int i = 0; i < 1000; ++i) client.remove(fmt::format("{}-{:03}", prefix, i));
}

TEST_CASE("requests that have not been taken up yet are one") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("once");
  client.declare(queue);
  HoldingCollector collector;
  Connection connection(shared_broker().settings(), {{.scaler = "s", .queue = queue}}, collector);
  connection.read("s");
  collector.wait_until_held();
  for (int i = 0; i < 10'000; ++i) connection.read("s");
  collector.let_go();
  collector.wait_for_readings(2);
  connection.stop();
  CHECK(collector.readings() == 2);
}

}  // namespace jobscaler::rabbitmq::test
