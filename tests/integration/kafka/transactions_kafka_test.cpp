// Offsets that hold nothing to read: end - committed stays above 0 for ever, and means nothing.
#include <catch2/catch.hpp>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::kafka::test {
namespace {

Group reader(const std::string& group, const std::string& topic,
             Isolation isolation = Isolation::read_committed) {
  return {.scaler = "s", .group = group, .topics = {topic}, .isolation = isolation};
}

}  // namespace

TEST_CASE("a transaction's marker after the last record is not a record that waits") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("marker"), group = new_name("g");
  client.create_topic(topic, 1);
  Transaction transaction(shared_broker().address());
  transaction.produce({topic, 0}, 5);
  transaction.commit();  // the marker is at offset 5
  client.commit(group, {topic, 0}, 5);
  const auto isolation = GENERATE(Isolation::read_committed, Isolation::read_uncommitted);
  Fixture fixture(shared_broker().settings(), {reader(group, topic, isolation)});
  const auto reading = fixture.read();
  REQUIRE(reading.ok());
  CHECK(reading->waiting == 0);
  CHECK(reading->oldest == std::nullopt);
  CHECK(reading->parallelism_limit == 0);

  client.produce({topic, 0}, 2);  // offsets 6 and 7
  CHECK(fixture.read_until(waiting(2))->oldest);
}

TEST_CASE("records of an aborted transaction do not wait, for those that read committed ones") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("aborted"), group = new_name("g");
  client.create_topic(topic, 1);
  client.produce({topic, 0}, 1);
  client.commit(group, {topic, 0}, 1);
  Transaction transaction(shared_broker().address());
  transaction.produce({topic, 0}, 20);
  transaction.abort();
  Fixture committed(shared_broker().settings(), {reader(group, topic)});
  CHECK(committed.read()->waiting == 0);
  Fixture all(shared_broker().settings(), {reader(group, topic, Isolation::read_uncommitted)});
  CHECK(all.read()->waiting == 21);
}

TEST_CASE("records of an open transaction wait only for those that read uncommitted ones") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("open"), group = new_name("g");
  client.create_topic(topic, 1);
  client.produce({topic, 0}, 2);
  client.commit(group, {topic, 0}, 0);
  Transaction transaction(shared_broker().address());
  transaction.produce({topic, 0}, 3);
  Fixture committed(shared_broker().settings(), {reader(group, topic)});
  Fixture all(shared_broker().settings(), {reader(group, topic, Isolation::read_uncommitted)});
  CHECK(committed.read()->waiting == 2);
  CHECK(all.read()->waiting == 5);
  // Read by somebody who does not wait for the transaction: beyond the stable end, not beyond the
  // log's.
  client.commit(group, {topic, 0}, 4);
  CHECK(committed.read()->waiting == 0);
  CHECK(committed.notes_with("beyond the end") == 0);
  transaction.commit();
  CHECK(committed.read_until(waiting(2))->waiting == 2);  // a record and the marker
}

TEST_CASE("what compaction has removed does not wait, nor does it hide what comes after") {
  TestClient client(shared_broker().address());
  const auto topic = new_name("compacted"), group = new_name("g");
  client.create_topic(topic, 1,
                      {{"cleanup.policy", "compact"},
                       {"segment.ms", "100"},
                       {"min.cleanable.dirty.ratio", "0.01"},
                       {"max.compaction.lag.ms", "100"},
                       {"delete.retention.ms", "0"}});
  for (int i = 0; i < 20; ++i) client.produce_keyed({topic, 0}, "k", std::to_string(i));
  client.commit(group, {topic, 0}, 0);
  // Each new record rolls a segment, until the cleaner has been there. What was found is kept while
  // a group stands still, so each look is somebody's first.
  int written = 20;
  std::int64_t seen = 20;
  while (seen >= 10 && written < 600) {
    client.produce_keyed({topic, 0}, "k", "again");
    ++written;
    Fixture fresh(shared_broker().settings(), {reader(group, topic)});
    seen = fresh.read()->waiting;
  }
  CHECK(seen < 10);
}

}  // namespace jobscaler::kafka::test
