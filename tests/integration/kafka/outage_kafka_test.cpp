// Brokers that freeze, stop, crash and come back.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::kafka::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

KafkaConnection impatient() {
  auto settings = shared_broker().settings();
  settings.timeout = milliseconds(500);
  return settings;
}

/// A topic with `count` records, and a group that has committed offset 0.
struct Scene {
  explicit Scene(const std::string& hint, int count) {
    TestClient client(shared_broker().address());
    client.create_topic(topic = new_name(hint), 1);
    client.produce({topic, 0}, count);
    client.commit(group = new_name("g"), {topic, 0}, 0);
  }
  std::vector<Group> groups() const { return {{.scaler = "s", .group = group, .topics = {topic}}}; }

  std::string topic, group;
};

bool unread_request_at(const std::string& port, const char* table) {
  std::ifstream sockets(table);
  for (std::string line; std::getline(sockets, line);) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues;
    words >> number >> local >> remote >> state >> queues;
    const bool established = state == "01";
    if (local.ends_with(port) && established && !queues.ends_with(":00000000")) return true;
  }
  return false;
}

/// Waits until a request lies at the port of a broker that does not take it up.
void wait_for_unread_request(const std::string& address) {
  const auto port = fmt::format(":{:04X}", std::stoi(address.substr(address.rfind(':') + 1)));
  const auto deadline = BootClock::now() + seconds(60);
  while (BootClock::now() < deadline) {
    for (const auto* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
      if (unread_request_at(port, table)) return;
    }
  }
  throw std::runtime_error("waited in vain for a request");
}

/// The shared broker, frozen, until it goes.
class Frozen {
 public:
  Frozen() { shared_broker().script("freeze"); }
  ~Frozen() { shared_broker().script("thaw"); }
};

}  // namespace

TEST_CASE("a frozen broker is an error and never a zero; it recovers by itself") {
  const Scene scene("frozen", 3);
  Fixture fixture(impatient(), scene.groups());
  fixture.read_until(waiting(3));
  {
    const Frozen frozen;
    for (int i = 0; i < 5; ++i) {
      const auto reading = fixture.read();
      REQUIRE_FALSE(reading.ok());
      CHECK(reading.error().kind == ErrorKind::unavailable);
      CHECK_THAT(reading.error().message,
                 Catch::StartsWith("kafka test: no answer from " + shared_broker().address()));
    }
  }
  fixture.read_until(waiting(3));
  INFO(fixture.collector().notes());
  CHECK(fixture.notes_with(
            fmt::format("no answer from {} within 500ms while listing partitions: the broker is "
                        "overloaded, frozen or cannot be reached; trying again with every reading",
                        shared_broker().address())) == 1);
  CHECK(fixture.notes_with("trying again with every reading") == 1);
  CHECK(fixture.notes_with(
            fmt::format("connected to {} again after ", shared_broker().address())) >= 1);
}

TEST_CASE("a daemon can be stopped at once while its broker is frozen") {
  const Scene scene("stopped", 1);
  auto settings = shared_broker().settings();
  settings.timeout = seconds(1000);
  Collector collector;
  Connection connection(settings, scene.groups(), collector);
  connection.read("s");
  CHECK(collector.wait_for_reading("s", 1)->waiting == 1);
  const Frozen frozen;
  connection.read("s");
  wait_for_unread_request(shared_broker().address());
  connection.stop();  // would take 1000 s, and the test's limit, if it waited for the broker
  CHECK(collector.readings("s") == 1);
}

TEST_CASE("a broker that is stopped or crashes is told of, and is read again when it is back") {
  const Scene scene("restarted", 4);
  Fixture fixture(impatient(), scene.groups());
  fixture.read_until(waiting(4));
  shared_broker().script("kill9");
  const auto down = fixture.read_until(is_error);
  CHECK(down.error().kind == ErrorKind::unavailable);
  const auto refused = fixture.read_until([](const auto& reading) {
    return !reading && reading.error().message.find("refused") != std::string::npos;
  });
  CHECK_THAT(refused.error().message, Catch::Contains(shared_broker().address()) &&
                                          Catch::Contains("(while listing partitions)"));
  shared_broker().script("restart");
  fixture.read_until(waiting(4));
  INFO(fixture.collector().notes());
  CHECK(fixture.notes_with(
            fmt::format("connected to {} again after ", shared_broker().address())) >= 1);
}

TEST_CASE("a broker that is down at the start is read when it comes") {
  const Scene scene("late", 2);
  shared_broker().script("kill9");
  Fixture fixture(impatient(), scene.groups());
  for (int i = 0; i < 3; ++i) CHECK_FALSE(fixture.read().ok());
  INFO(fixture.collector().notes());
  CHECK(fixture.notes_with("refused") == 1);
  shared_broker().script("restart");
  fixture.read_until(waiting(2));
}

}  // namespace jobscaler::kafka::test
