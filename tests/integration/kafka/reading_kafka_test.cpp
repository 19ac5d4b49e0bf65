#include <catch2/catch.hpp>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::kafka::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::int64_t wall_ms(Duration ago = {}) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - ago).count();
}

}  // namespace

TEST_CASE("a reading counts the records after what the group has committed, in all its topics") {
  TestClient client(shared_broker().address());
  const auto one = new_name("counts"), other = new_name("counts"), group = new_name("g");
  client.create_topic(one, 2);
  client.create_topic(other, 1);
  client.produce({one, 0}, 10);
  client.produce({one, 1}, 5);
  client.produce({other, 0}, 3);
  client.commit(group, {one, 0}, 4);
  client.commit(group, {one, 1}, 5);
  client.commit(group, {other, 0}, 0);

  Fixture fixture(shared_broker().settings(),
                  {{.scaler = "s", .group = group, .topics = {one, other}}});
  const auto before = BootClock::now();
  const auto reading = fixture.read();
  REQUIRE(reading.ok());
  CHECK(reading->waiting == 6 + 0 + 3);
  CHECK(reading->parallelism_limit == 2);
  CHECK(reading->in_flight == std::nullopt);
  CHECK(reading->consumers == std::nullopt);
  CHECK_FALSE(reading->zero_unconfirmed);
  CHECK(reading->taken_at >= before);
  CHECK(reading->taken_at <= BootClock::now());
  CHECK(fixture.notes_with("group " + group + ": " + one + "/0 6, " + one + "/1 0, " + other +
                           "/0 3") == 1);
  CHECK(fixture.notes_with("connected to " + shared_broker().address()) == 1);
}

TEST_CASE("more workers than partitions cannot be fed: the limit can be all of them") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("limit"), group = new_name("g");
  client.create_topic(topic, 3);
  client.produce({topic, 0}, 1);
  Fixture fixture(
      shared_broker().settings(),
      {{.scaler = "s", .group = group, .topics = {topic}},
       {.scaler = "all", .group = group, .topics = {topic}, .limit_to = KafkaLimit::partitions}});
  CHECK(fixture.read("s")->parallelism_limit == 1);
  CHECK(fixture.read("all")->parallelism_limit == 3);
}

TEST_CASE("the age is that of the oldest first record after what is committed") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("age"), group = new_name("g");
  client.create_topic(topic, 2);
  client.produce({topic, 0}, 1, wall_ms(hours(5)));
  client.produce({topic, 0}, 1, wall_ms(minutes(50)));
  client.produce({topic, 1}, 1, wall_ms(minutes(20)));
  client.commit(group, {topic, 0}, 1);
  client.commit(group, {topic, 1}, 0);
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .group = group, .topics = {topic}}});
  const auto first = fixture.read();
  REQUIRE(first.ok());
  REQUIRE(first->oldest);
  CHECK(first->oldest->method == AgeMethod::record);
  CHECK(first->oldest->kind == OldestAge::Kind::upper_bound);
  CHECK(first->oldest->age >= minutes(50));
  CHECK(first->oldest->age < hours(1));

  client.commit(group, {topic, 0}, 2);
  const auto second = fixture.read();
  REQUIRE(second->oldest);
  CHECK(second->oldest->age >= minutes(20));
  CHECK(second->oldest->age < minutes(50));

  client.commit(group, {topic, 1}, 1);
  const auto third = fixture.read();
  CHECK(third->waiting == 0);
  CHECK(third->oldest == std::nullopt);
}

TEST_CASE("timestamps that cannot be believed give no age, and the reading says so") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("absurd"), group = new_name("g");
  client.create_topic(topic, 1, {{"retention.ms", "-1"}});
  const auto timestamp = GENERATE(std::int64_t{-1}, std::int64_t{1000});
  client.produce({topic, 0}, 1, timestamp);
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .group = group, .topics = {topic}}});
  const auto reading = fixture.read();
  REQUIRE(reading.ok());
  CHECK(reading->waiting == 1);
  CHECK(reading->oldest == std::nullopt);
  CHECK(reading->hint == "the first record waiting in " + topic +
                             "/0 carries no believable timestamp (" + std::to_string(timestamp) +
                             " ms)");
}

TEST_CASE("a timestamp from the future is age zero") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("future"), group = new_name("g");
  client.create_topic(topic, 1);
  client.produce({topic, 0}, 1, wall_ms(-minutes(30)));
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .group = group, .topics = {topic}}});
  const auto reading = fixture.read();
  REQUIRE(reading->oldest);
  CHECK(reading->oldest->age == Duration::zero());
}

TEST_CASE("a missing topic is an error until it appears, and is not made by being asked for") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("later"), group = new_name("g");
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .group = group, .topics = {topic}}});
  for (int i = 0; i < 3; ++i) {
    const auto reading = fixture.read();
    REQUIRE_FALSE(reading.ok());
    CHECK(reading.error().kind == ErrorKind::not_found);
    CHECK(reading.error().message ==
          "kafka test: there is no topic " + topic + " on " + shared_broker().address());
  }
  CHECK(fixture.notes_with("group " + group + ": there is no topic " + topic) == 1);
  client.create_topic(topic, 2);
  client.produce({topic, 1}, 4);
  CHECK(fixture.read_until(is_ok)->waiting == 4);
  CHECK(fixture.notes_with("group " + group + ": can be read again after ") == 1);
}

TEST_CASE("a missing topic of one scaler is not another's") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("there"), group = new_name("g");
  client.create_topic(topic, 1);
  client.produce({topic, 0}, 2);
  Fixture fixture(shared_broker().settings(),
                  {{.scaler = "bad", .group = group, .topics = {new_name("not-there")}},
                   {.scaler = "s", .group = group, .topics = {topic}}});
  fixture.connection().read("bad");
  CHECK(fixture.read("s")->waiting == 2);
  CHECK_FALSE(fixture.read("bad").ok());
}

TEST_CASE("partitions that are added while it runs are counted") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("grows"), group = new_name("g");
  client.create_topic(topic, 1);
  client.produce({topic, 0}, 1);
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .group = group, .topics = {topic}}});
  CHECK(fixture.read()->waiting == 1);
  client.add_partitions(topic, 3);
  TestClient(shared_broker().address()).produce({topic, 2}, 5);  // who knows of them
  CHECK(fixture.read_until(waiting(6))->parallelism_limit == 2);
  CHECK(fixture.notes_with("topic " + topic + " has 3 partitions now, 1 before") == 1);
}

TEST_CASE("fifty groups of ten partitions are read in one round") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("many");
  client.create_topic(topic, 10);
  for (int partition = 0; partition < 10; ++partition) client.produce({topic, partition}, 3);
  std::vector<Group> groups;
  for (int i = 0; i < 50; ++i) {
    groups.push_back(
        {.scaler = "s" + std::to_string(i), .group = new_name("g"), .topics = {topic}});
    client.commit(groups.back().group, {topic, 0}, 1);
  }
  Fixture fixture(shared_broker().settings(), groups);
  for (std::size_t round = 1; round <= 3; ++round) {
    for (const auto& group : groups) fixture.connection().read(group.scaler);
    for (const auto& group : groups) {
      CHECK(fixture.collector().wait_for_reading(group.scaler, round)->waiting == 29);
    }
  }
}

}  // namespace jobscaler::kafka::test
