// Reading leaves everything as it was.
#include <catch2/catch.hpp>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::kafka::test {

TEST_CASE("reading neither joins a group nor commits for it nor makes it") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("untouched"), group = new_name("g");
  client.create_topic(topic, 2);
  client.produce({topic, 0}, 10);
  {
    Fixture fixture(shared_broker().settings(),
                    {{.scaler = "s", .group = group, .topics = {topic}}});
    for (int i = 0; i < 3; ++i) CHECK(fixture.read()->waiting == 10);
    CHECK(client.group_state(group) == TestClient::GroupState{"Dead", 0});
  }
  CHECK(client.group_state(group) == TestClient::GroupState{"Dead", 0});
  CHECK(client.committed(group, {topic, 0}) == -1001);

  client.commit(group, {topic, 0}, 4);
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .group = group, .topics = {topic}}});
  for (int i = 0; i < 3; ++i) CHECK(fixture.read()->waiting == 6);
  CHECK(client.group_state(group) == TestClient::GroupState{"Empty", 0});
  CHECK(client.committed(group, {topic, 0}) == 4);
}

TEST_CASE("a group is read while its members come, work, rebalance and go") {
  const auto address = shared_broker().address();
  TestClient client(address);
  const auto topic = new_name("busy"), group = new_name("g");
  client.create_topic(topic, 2);
  client.produce({topic, 0}, 3);
  client.produce({topic, 1}, 3);
  Fixture fixture(shared_broker().settings(), {{.scaler = "s", .group = group, .topics = {topic}}});
  CHECK(fixture.read()->waiting == 6);
  {
    Member one(address, group, topic);
    one.take();
    CHECK(fixture.read()->waiting == 6);  // in work, and not committed
    one.commit();
    CHECK(fixture.read()->waiting == 5);
    CHECK(client.group_state(group) == TestClient::GroupState{"Stable", 1});
    Member other(address, group, topic);
    for (int i = 0; i < 20; ++i) {
      const auto during = fixture.read();
      REQUIRE(during.ok());
      CHECK(during->waiting == 5);
    }
  }
  CHECK(fixture.read()->waiting == 5);
  CHECK(client.group_state(group) == TestClient::GroupState{"Empty", 0});
}

}  // namespace jobscaler::kafka::test
