// Brokers that freeze, stop, crash and come back. These cases have a broker of their own.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::rabbitmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool is_ok(const Result<Reading>& reading) {
  return reading.ok();
}
bool is_error(const Result<Reading>& reading) {
  return !reading.ok();
}

Broker& own_broker() {
  static Broker broker("--stats-interval 500");
  return broker;
}

}  // namespace

TEST_CASE(
    "a frozen broker costs one deadline, then every reading is answered at once; it recovers") {
  auto settings = own_broker().settings();
  settings.timeout = milliseconds(500);
  const auto peer = fmt::format("127.0.0.1:{}", settings.port);
  TestClient client(settings);
  client.declare("frozen");
  client.publish("frozen", numbered(3));
  Fixture fixture(settings, {{.scaler = "s", .queue = "frozen"}});
  REQUIRE(fixture.read("s").ok());

  own_broker().script("freeze");
  const auto first = fixture.read("s");
  REQUIRE_FALSE(first.ok());
  CHECK(first.error().kind == ErrorKind::unavailable);
  CHECK(first.error().message ==
        fmt::format("rabbitmq test: no answer from {} within 500ms while "
                    "reading queue depths: the broker is overloaded or frozen",
                    peer));
  fixture.collector().wait_for_note("while logging in");
  const auto later = fixture.read_until("s", is_error);
  CHECK(later.error().message ==
        fmt::format("rabbitmq test: no answer from {} within 500ms while logging in: the broker is "
                    "overloaded or frozen, or this is not its AMQP port",
                    peer));

  own_broker().script("thaw");
  const auto recovered = fixture.read_until("s", is_ok);
  CHECK(recovered->waiting == 3);
  CHECK(fixture.collector().notes_with("while reading queue depths") == 1);
  CHECK(fixture.collector().notes_with("while logging in") == 1);
  CHECK(fixture.collector().notes_with(fmt::format("connected to {} again after ", peer)) == 1);
}

TEST_CASE("an answer that comes late is not taken for that of the queue that is read by now") {
  auto settings = own_broker().settings();
  settings.timeout = seconds(50);
  TestClient client(own_broker().settings());
  client.declare("old");
  client.declare("new");
  client.publish("old", numbered(3));
  Collector collector;
  Connection connection(settings, {{.scaler = "s", .queue = "old"}}, collector);
  connection.read("s");
  collector.wait_for_readings(1);

  own_broker().script("freeze");
  connection.read("s");
  own_broker().script("freeze");  // again: takes longer than the request needs to leave
  connection.set_queues({{.scaler = "s", .queue = "new"}});
  own_broker().script("thaw");
  connection.read("s");
  collector.wait_for_readings(2);
  CHECK(collector.last("s")->waiting == 0);
  connection.stop();
  CHECK(collector.readings() == 2);
}

TEST_CASE("a daemon can be stopped at once while its broker is frozen") {
  auto settings = own_broker().settings();
  settings.timeout = seconds(50);
  TestClient client(own_broker().settings());
  client.declare("stopped");
  Collector collector;
  Connection connection(settings, {{.scaler = "s", .queue = "stopped"}}, collector);
  connection.read("s");
  collector.wait_for_readings(1);
  own_broker().script("freeze");
  connection.read("s");
  connection.stop();  // would take 50 s, and the test's limit, if it waited for the broker
  own_broker().script("thaw");
  CHECK(collector.readings() == 1);
}

TEST_CASE(
    "a restarted broker: the loss is told, then the messages are there and the counters are not") {
  auto settings = own_broker().managed_settings();
  {
    TestClient client(settings);
    client.declare("restarted");
    client.publish("restarted", numbered(6));
  }
  Fixture fixture(settings,
                  {{.scaler = "s", .queue = "restarted", .poll_interval = milliseconds(500)}});
  fixture.read_until("s", [](const auto& reading) { return reading->in_flight.has_value(); });

  const bool graceful = GENERATE(true, false);
  if (!graceful) own_broker().script("kill9");
  own_broker().script("restart");
  fixture.collector().wait_for_note("connected to 127.0.0.1:" + std::to_string(settings.port) +
                                    " again after ");
  const auto lost = graceful ? "closed the connection (320 CONNECTION_FORCED" : "lost while";
  CHECK(fixture.collector().notes_with(lost) == 1);
  CHECK(fixture.collector().notes_with("refused: is the broker up") == 1);
  const auto after = fixture.read_until("s", is_ok);
  CHECK(after->waiting == 6);
  CHECK(after->oldest == std::nullopt);  // nothing that was counted before still counts

  TestClient client(settings);
  client.publish("restarted", numbered(1));
  const auto with_counters = fixture.read_until(
      "s", [](const auto& reading) { return reading.ok() && reading->oldest.has_value(); });
  CHECK(with_counters->waiting == 7);
  CHECK(with_counters->oldest->kind == OldestAge::Kind::lower_bound);
  client.remove("restarted");
}

TEST_CASE("a broker that is down at the start is connected to when it comes, and readings say so") {
  Broker broker("");
  auto settings = broker.settings();
  broker.script("kill9");
  Fixture fixture(settings, {{.scaler = "s", .queue = "late"}});
  for (int i = 0; i < 100; ++i) {
    const auto reading = fixture.read("s");
    REQUIRE_FALSE(reading.ok());
    REQUIRE_THAT(reading.error().message, Catch::Contains("refused: is the broker up"));
  }
  CHECK(fixture.collector().notes().size() == 1);
  broker.script("restart");
  TestClient client(settings);
  client.declare("late");
  CHECK(fixture.read_until("s", is_ok)->waiting == 0);
  CHECK(fixture.collector().notes_with("again after ") == 1);
}

}  // namespace jobscaler::rabbitmq::test
