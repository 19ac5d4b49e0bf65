// What needs several brokers, or faults at a given moment. The rest is in the suite that has a real
// broker.
#include <catch2/catch.hpp>

#include "collector.h"
#include "kafka/cluster.h"
#include "mock_cluster.h"
#include "test_client.h"

namespace jobscaler::kafka::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Request = MockCluster::Request;

/// One topic of one partition with `count` records and a group at offset 0.
void fill(MockCluster& cluster, const std::string& topic, const std::string& group, int count) {
  cluster.create_topic(topic, 1);
  TestClient client(cluster.address());
  client.produce({topic, 0}, count);
  client.commit(group, {topic, 0}, 0);
}

std::vector<Group> one_group() {
  return {{.scaler = "s", .group = "g", .topics = {"t"}}};
}

/// Until "s" has been read 15 times in a row in rounds in which "u" failed. Before, both may be
/// asked for by way of the broker that is frozen.
void read_until_only_one_fails(Fixture& fixture) {
  const auto deadline = BootClock::now() + seconds(60);
  for (int good = 0; good < 15;) {
    const auto seen = fixture.collector().readings("s");
    fixture.connection().read("s");
    const bool failed = !fixture.read("u").ok();
    const auto reading = fixture.collector().wait_for_reading("s", seen + 1);
    good = failed && reading && reading->waiting == 5 ? good + 1 : 0;
    if (BootClock::now() > deadline) throw std::runtime_error("both fail, or none");
  }
}

/// Who was answered, in this order. To be looked at when all are.
class OrderedCollector : public Collector {
 public:
  using Collector::post;
  void post(Event event) override {
    if (auto* taken = std::get_if<event::ReadingTaken>(&event)) order += taken->scaler;
    Collector::post(std::move(event));
  }

  std::string order;
};

}  // namespace

TEST_CASE("lag and age are read from every leader") {
  MockCluster cluster(3);
  cluster.create_topic("t", 3);
  for (int i = 0; i < 3; ++i) cluster.lead({"t", i}, i + 1);
  TestClient client(cluster.address());
  for (int i = 0; i < 3; ++i) {
    client.produce({"t", i}, 4 + i);
    client.commit("g", {"t", i}, 1);
  }
  Fixture fixture(cluster.settings(), one_group());
  const auto reading = fixture.read();
  REQUIRE(reading.ok());
  CHECK(reading->waiting == 3 + 4 + 5);
  CHECK(reading->parallelism_limit == 3);
  REQUIRE(reading->oldest);
  CHECK(reading->oldest->kind == OldestAge::Kind::upper_bound);
}

TEST_CASE("no partition's first record waits for another's") {
  MockCluster cluster(3);
  cluster.create_topic("t", 6);
  for (int i = 0; i < 6; ++i) cluster.lead({"t", i}, i % 3 + 1);
  TestClient client(cluster.address());
  for (int i = 0; i < 6; ++i) client.produce({"t", i}, 30);
  // librdkafka may leave a partition alone for a second while others' records lie in its queue.
  Fixture fixture(cluster.settings(milliseconds(900)), one_group());
  fixture.read_until(waiting(6 * 30));
  for (int offset = 1; offset < 30; ++offset) {
    for (int i = 0; i < 6; ++i) client.commit("g", {"t", i}, offset);
    const auto reading = fixture.read();
    REQUIRE(Fixture::describe(reading) == std::to_string(6 * (30 - offset)) + " waiting");
  }
}

TEST_CASE("a leader that has moved is found") {
  MockCluster cluster(2);
  fill(cluster, "t", "g", 5);
  Fixture fixture(cluster.settings(), one_group());
  CHECK(fixture.read()->waiting == 5);
  cluster.lead({"t", 0}, 2);
  cluster.set_down(1);
  cluster.coordinate("g", 2);
  CHECK(fixture.read_until(is_ok)->waiting == 5);
}

TEST_CASE("answers that only say whom to ask instead are not told as errors") {
  MockCluster cluster(1);
  fill(cluster, "t", "g", 5);
  Fixture fixture(cluster.settings(), one_group());
  const auto [request, error] = GENERATE(table<Request, rd_kafka_resp_err_t>(
      {{Request::list_offsets, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION},
       {Request::offset_fetch, RD_KAFKA_RESP_ERR_NOT_COORDINATOR},
       {Request::offset_fetch, RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE}}));
  cluster.fail_next(request, error);
  const auto reading = fixture.read();
  INFO(Fixture::describe(reading));
  CHECK(reading.ok());
}

TEST_CASE("a missing permission is an error with the broker's words, and not a zero") {
  MockCluster cluster(1);
  fill(cluster, "t", "g", 5);
  Fixture fixture(cluster.settings(), one_group());
  CHECK(fixture.read()->waiting == 5);
  cluster.fail_next(Request::offset_fetch, RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED);
  const auto group = fixture.read();
  REQUIRE_FALSE(group.ok());
  CHECK(group.error().kind == ErrorKind::rejected);
  CHECK(group.error().message == "kafka test: " + cluster.address() +
                                     " answered while asking for committed offsets: Broker: Group "
                                     "authorization failed");
  CHECK(fixture.read()->waiting == 5);
  cluster.fail_next(Request::list_offsets, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto topic = fixture.read();
  REQUIRE_FALSE(topic.ok());
  CHECK(topic.error().message == "kafka test: " + cluster.address() +
                                     " answered while asking for the ends of logs: Broker: Topic "
                                     "authorization failed");
  CHECK(fixture.read()->waiting == 5);
  CHECK(fixture.notes_with("group g: can be read again after ") == 2);
}

TEST_CASE("a frozen broker holds up only those that need it") {
  MockCluster cluster(2);
  fill(cluster, "t", "g", 5);
  fill(cluster, "u", "h", 7);
  cluster.lead({"t", 0}, 2);
  cluster.coordinate("g", 2);
  cluster.coordinate("h", 2);
  Fixture fixture(cluster.settings(milliseconds(500)),
                  {{.scaler = "s", .group = "g", .topics = {"t"}},
                   {.scaler = "u", .group = "h", .topics = {"u"}}});
  fixture.read_until(waiting(5));
  fixture.read_until(waiting(7), "u");
  cluster.freeze(1);  // which is asked first, if it is not known to be frozen
  read_until_only_one_fails(fixture);
  cluster.thaw(1);
  fixture.read_until(waiting(7), "u");
}

TEST_CASE("a frozen coordinator holds up only its groups") {
  MockCluster cluster(2);
  fill(cluster, "t", "h", 5);
  fill(cluster, "u", "g", 7);
  cluster.lead({"t", 0}, 2);
  cluster.lead({"u", 0}, 2);
  cluster.coordinate("h", 2);
  cluster.coordinate("g", 1);
  Fixture fixture(cluster.settings(milliseconds(500)),
                  {{.scaler = "s", .group = "h", .topics = {"t"}},
                   {.scaler = "u", .group = "g", .topics = {"u"}}});
  fixture.read_until(waiting(5));
  fixture.read_until(waiting(7), "u");
  cluster.freeze(1);
  read_until_only_one_fails(fixture);
  const auto reading = fixture.read("u");
  REQUIRE_FALSE(reading.ok());
  CHECK(reading.error().kind == ErrorKind::unavailable);
  CHECK_THAT(reading.error().message, Catch::Contains("while asking for committed offsets"));
  cluster.thaw(1);
  fixture.read_until(waiting(7), "u");
}

TEST_CASE("a first record that is not found in time leaves the lag, without an age") {
  MockCluster cluster(1);
  fill(cluster, "t", "g", 5);
  cluster.withhold_records(1);
  Fixture fixture(cluster.settings(milliseconds(300)), one_group());
  const auto reading = fixture.read_until(is_ok);
  CHECK(reading->waiting == 5);
  CHECK(reading->oldest == std::nullopt);
  CHECK(reading->parallelism_limit == 1);
  CHECK(reading->hint ==
        "the first record waiting in t/0 was not found within the connection's timeout: its age is "
        "unknown");
  fixture.read_until([](const auto& later) { return later && later->oldest; });
}

TEST_CASE("who waited in vain for a first record is asked for last the next time") {
  MockCluster mock(2);
  fill(mock, "t", "g", 5);
  fill(mock, "u", "h", 7);
  mock.lead({"u", 0}, 2);
  mock.withhold_records(1);
  // Those that read committed records come first.
  Cluster cluster(
      mock.settings(milliseconds(300)),
      {{.scaler = "s", .group = "g", .topics = {"t"}},
       {.scaler = "u", .group = "h", .topics = {"u"}, .isolation = Isolation::read_uncommitted}});
  const auto is_found = [](const Result<std::vector<PartitionLag>>& lags) {
    return lags && lags->front().oldest_ms;
  };
  const auto deadline = BootClock::now() + seconds(60);
  for (bool found = false; !found;) {
    REQUIRE(BootClock::now() < deadline);
    const Round round = cluster.read({"s", "u"});
    found = is_found(round.lags.at("u"));
    REQUIRE_FALSE(is_found(round.lags.at("s")));
  }
}

TEST_CASE("who could be read the last time does not wait for those that could not") {
  MockCluster cluster(2);
  fill(cluster, "t", "g", 5);
  fill(cluster, "u", "h", 7);
  cluster.lead({"u", 0}, 2);
  cluster.coordinate("g", 2);
  cluster.coordinate("h", 2);
  OrderedCollector collector;
  Connection connection(cluster.settings(milliseconds(500)),
                        {{.scaler = "a", .group = "g", .topics = {"t"}},
                         {.scaler = "b", .group = "h", .topics = {"u"}}},
                        collector);
  cluster.freeze(1);
  const auto deadline = BootClock::now() + seconds(60);
  for (std::size_t count = 1; collector.order != "ba"; ++count) {
    REQUIRE(BootClock::now() < deadline);
    collector.order.clear();
    connection.read("a");
    connection.read("b");  // may come a round later
    collector.wait_for_reading("a", count);
    collector.wait_for_reading("b", count);
  }
}

TEST_CASE("who was not asked, as others took all of the time, is not said to be silent") {
  MockCluster cluster(2);
  fill(cluster, "t", "g", 5);
  fill(cluster, "u", "h", 7);
  cluster.lead({"t", 0}, 2);
  cluster.lead({"u", 0}, 2);
  cluster.coordinate("g", 1);
  cluster.coordinate("h", 2);
  cluster.freeze(1);
  const std::vector<Group> groups{{.scaler = "s", .group = "g", .topics = {"t"}},
                                  {.scaler = "u", .group = "h", .topics = {"u"}}};
  // Everything may be asked for by way of the broker that is frozen.
  const auto deadline = BootClock::now() + seconds(60);
  std::string seen;
  while (seen.find("committed offsets") == seen.npos) {
    REQUIRE(BootClock::now() < deadline);
    const auto lines = check(cluster.settings(milliseconds(500)), groups);
    if (lines.size() != 3) continue;
    seen = lines[1].text;
    if (seen.find("committed offsets") == seen.npos) continue;
    CHECK_THAT(seen, Catch::StartsWith("no answer from "));
    CHECK(lines[2].text == "not asked for committed offsets, as the others took all of the 500ms");
  }
}

TEST_CASE("a cluster of which no broker is up is told of once, and read again when one is") {
  MockCluster cluster(2);
  fill(cluster, "t", "g", 5);
  cluster.coordinate("g", 1);
  Fixture fixture(cluster.settings(milliseconds(500)), one_group());
  fixture.read_until(waiting(5));
  cluster.set_down(1);
  cluster.set_down(2);
  for (int i = 0; i < 5; ++i) {
    const auto reading = fixture.read();
    REQUIRE_FALSE(reading.ok());
    CHECK(reading.error().kind == ErrorKind::unavailable);
  }
  cluster.set_up(1);
  cluster.set_up(2);
  fixture.read_until(waiting(5));
  INFO(fixture.collector().notes());
  CHECK(fixture.notes_with("connected to " + cluster.address() + " again after ") == 1);
}

TEST_CASE("a request for a scaler that is not there is ignored") {
  MockCluster cluster(1);
  fill(cluster, "t", "g", 5);
  Fixture fixture(cluster.settings(), one_group());
  fixture.connection().read("nobody");
  CHECK(fixture.read()->waiting == 5);
  CHECK(fixture.collector().readings("nobody") == 0);
}

}  // namespace jobscaler::kafka::test
