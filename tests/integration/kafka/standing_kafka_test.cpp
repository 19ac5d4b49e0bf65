// Where a group can stand that is not simply within the log.
#include <catch2/catch.hpp>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::kafka::test {

TEST_CASE("a group that has committed nothing counts from the log's start, or not at all") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("fresh"), group = new_name("g");
  client.create_topic(topic, 2);
  client.produce({topic, 0}, 3);
  const auto choice = GENERATE(NoOffset::earliest, NoOffset::latest);
  const bool earliest = choice == NoOffset::earliest;
  Fixture fixture(shared_broker().settings(),
                  {{.scaler = "s", .group = group, .topics = {topic}, .when_no_offset = choice}});
  CHECK(fixture.read()->waiting == (earliest ? 3 : 0));
  fixture.read();
  const std::string counted =
      earliest ? "counted from the log's start" : "counted as 0 until a worker has committed";
  CHECK(fixture.notes_with("group " + group + " has committed no offset for " + topic + "/0, " +
                           topic + "/1 (2 of 2 partitions): " + counted) == 1);

  client.commit(group, {topic, 0}, 1);
  CHECK(fixture.read_until(waiting(2))->waiting == 2);
  CHECK(fixture.notes_with("has committed no offset") == 1);
  CHECK(fixture.notes_with("has committed offsets for all partitions") == 0);
  client.commit(group, {topic, 1}, 0);
  fixture.read();
  CHECK(fixture.notes_with("group " + group + " has committed offsets for all partitions after ") ==
        1);
}

TEST_CASE("partitions with and without a committed offset are each counted as they stand") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("half"), group = new_name("g");
  client.create_topic(topic, 2);
  client.produce({topic, 0}, 5);
  client.produce({topic, 1}, 7);
  client.commit(group, {topic, 0}, 2);
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .group = group, .topics = {topic}}});
  CHECK(fixture.read()->waiting == 3 + 7);
  CHECK(fixture.notes_with(topic + "/1 (1 of 2 partitions)") == 1);
}

TEST_CASE("what retention has taken is not counted, and is told") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("eaten"), group = new_name("g");
  client.create_topic(topic, 1);
  client.produce({topic, 0}, 10);
  client.commit(group, {topic, 0}, 2);
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .group = group, .topics = {topic}}});
  CHECK(fixture.read()->waiting == 8);
  client.delete_records({topic, 0}, 6);
  const auto reading = fixture.read_until(waiting(4));
  CHECK(reading->oldest);
  CHECK(fixture.notes_with("group " + group + " has lost records of " + topic +
                           "/0 (1 of 1 partitions) to retention before it read them: counted from "
                           "the log's start") == 1);
  client.commit(group, {topic, 0}, 7);
  CHECK(fixture.read()->waiting == 3);
  CHECK(fixture.notes_with("has caught up with retention after ") == 1);
}

TEST_CASE("a topic that was made anew is counted as its consumers will read it") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("anew"), group = new_name("g");
  client.create_topic(topic, 1);
  client.produce({topic, 0}, 10);
  client.commit(group, {topic, 0}, 9);
  const auto choice = GENERATE(NoOffset::earliest, NoOffset::latest);
  Fixture fixture(shared_broker().settings(),
                  {{.scaler = "s", .group = group, .topics = {topic}, .when_no_offset = choice}});
  CHECK(fixture.read()->waiting == 1);
  client.delete_topic(topic);
  fixture.read_until(is_error);
  client.create_topic(topic, 1);
  client.produce({topic, 0}, 4);
  client.commit(group, {topic, 0}, 9);  // deleting a topic removes its committed offsets, later
  fixture.read_until(waiting(choice == NoOffset::earliest ? 4 : 0));
  fixture.read_until([&](const auto&) {
    return fixture.notes_with("group " + group + " has committed offsets beyond the end of " +
                              topic + "/0 (1 of 1 partitions), as when the topic was made anew") ==
           1;
  });
  client.commit(group, {topic, 0}, 3);
  fixture.read_until(waiting(1));
  CHECK(fixture.notes_with("has no offset beyond the end any more after ") == 1);
}

}  // namespace jobscaler::kafka::test
