#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <ctime>
#include <functional>

#include "broker.h"
#include "collector.h"
#include "http/scripted_peer.h"
#include "rabbitmq/dial.h"
#include "rabbitmq/management.h"
#include "test_client.h"

namespace jobscaler::rabbitmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A port that accepts connections (in the kernel's backlog) and never says a word.
class SilentPort {
 public:
  SilentPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address_;
    auto* address = reinterpret_cast<sockaddr*>(&address_);
    REQUIRE(bind(fd_.get(), address, size) == 0);
    REQUIRE(listen(fd_.get(), 100) == 0);
    REQUIRE(getsockname(fd_.get(), address, &size) == 0);
  }
  int port() const { return ntohs(address_.sin_port); }

 private:
  UniqueFd fd_;
  sockaddr_in address_{};
};

/// A web server that answers each GET with what `status_of` says of its path; with an empty list
/// when that is 200.
jobscaler::test::ScriptedPeer::Script answer_with(
    std::function<int(const std::string&)> status_of) {
  return [status_of](jobscaler::test::Connection& connection) {
    while (const auto request = connection.read_request()) {
      const int status = status_of(*request);
      connection.answer(status, status == 200 ? "[]" : "{}");
    }
  };
}

Queue queue_of(const std::string& name, AgeChoice age = AgeChoice::automatic) {
  return {.scaler = "s", .queue = name, .age = age, .poll_interval = milliseconds(500)};
}

bool has_oldest(const Result<Reading>& reading) {
  return reading.ok() && reading->oldest;
}

}  // namespace

TEST_CASE("with the management API a reading knows what is in flight") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("in-flight");
  client.declare(queue);
  client.publish(queue, numbered(9));
  client.consume(queue, 4);
  client.deliveries(4);
  Fixture fixture(shared_broker().managed_settings(), {queue_of(queue)});
  const auto reading =
      fixture.read_until("s", [](const auto& r) { return r.ok() && r->in_flight == 4; });
  CHECK(reading->waiting == 5);
  CHECK(reading->hint == "");
}

TEST_CASE("a consumer without prefetch that holds everything is hinted at") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("no-prefetch");
  client.declare(queue);
  client.publish(queue, numbered(60));
  client.consume(queue, 0);
  client.deliveries(60);
  Fixture fixture(shared_broker().managed_settings(), {queue_of(queue)});
  const auto reading =
      fixture.read_until("s", [](const auto& r) { return r.ok() && !r->hint.empty(); });
  CHECK(reading->hint ==
        "none waiting, 60 in flight at 1 consumer: does your worker set prefetch?");
}

TEST_CASE("stamped messages on a classic queue get the age of the head's timestamp") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("stamped");
  client.declare(queue);
  const auto stamp = static_cast<std::uint64_t>(std::time(nullptr)) - 1000;
  client.publish(queue, numbered(2), stamp);
  Fixture fixture(shared_broker().managed_settings(), {queue_of(queue, AgeChoice::timestamp)});
  const auto reading = fixture.read_until("s", has_oldest);
  CHECK(reading->oldest->method == AgeMethod::timestamp);
  CHECK(reading->oldest->kind == OldestAge::Kind::upper_bound);
  CHECK(reading->oldest->age >= seconds(1000));
  CHECK(reading->oldest->age < seconds(1100));
}

TEST_CASE("a quorum queue has no timestamp, and that is said") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("quorum-stamped");
  client.declare(queue, {.type = "quorum"});
  client.publish(queue, numbered(2), 1'000'000'000);
  Fixture fixture(shared_broker().managed_settings(), {queue_of(queue, AgeChoice::timestamp)});
  const auto reading =
      fixture.read_until("s", [](const auto& r) { return r.ok() && !r->hint.empty(); });
  CHECK(reading->oldest == std::nullopt);
  CHECK_THAT(reading->hint, Catch::StartsWith("no age: the broker tells no timestamp of the head"));
}

TEST_CASE("arrivals tells an age of messages without timestamps that is not below the truth") {
  const std::string type = GENERATE("classic", "quorum");
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("arrivals");
  client.declare(queue, {.type = type});
  client.publish(queue, numbered(10));  // so that there are counters from the start
  client.purge(queue);
  Fixture fixture(shared_broker().managed_settings(), {queue_of(queue, AgeChoice::arrivals)});
  // A second batch that comes when the curve has points.
  const auto start = BootClock::now();
  fixture.read_until("s", [&](const auto&) { return BootClock::now() - start > seconds(20); });
  const auto published = BootClock::now();
  client.publish(queue, numbered(5));
  const auto reading = fixture.read_until("s", has_oldest);
  CHECK(reading->oldest->method == AgeMethod::arrivals);
  CHECK(reading->oldest->kind == OldestAge::Kind::upper_bound);
  CHECK(reading->oldest->age >= reading->taken_at - published);
  CHECK(reading->oldest->age < seconds(30));
}

TEST_CASE("a priority queue is told no age but the time since it was empty") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("priorities");
  client.declare(queue, {.max_priority = 5});
  client.publish(queue, numbered(3), 1'000'000'000);
  Fixture fixture(shared_broker().managed_settings(), {queue_of(queue)});
  const auto known = [](const auto& r) { return r.ok() && r->in_flight.has_value(); };
  CHECK(fixture.read_until("s", known)->oldest == std::nullopt);
}

TEST_CASE("a management API that does not answer delays no reading") {
  const SilentPort silent;
  auto settings = shared_broker().settings();
  settings.management = fmt::format("http://127.0.0.1:{}", silent.port());
  settings.timeout = seconds(50);
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("silent-management");
  client.declare(queue);
  Fixture fixture(settings, {queue_of(queue)});
  for (int i = 0; i < 100; ++i) REQUIRE(fixture.read("s").ok());
  // The first request to the management API is still open.
  CHECK(fixture.collector().notes_with("management API") == 0);
}

TEST_CASE("a management API that fails is told once, and ages go on by bound") {
  const SilentPort silent;
  auto settings = shared_broker().settings();
  settings.management = fmt::format("http://127.0.0.1:{}", silent.port());
  settings.timeout = milliseconds(500);
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("failing-management");
  client.declare(queue);
  Fixture fixture(settings, {queue_of(queue)});
  const auto start = BootClock::now();
  fixture.read_until("s", [&](const auto&) {
    return BootClock::now() - start > seconds(10) &&
           fixture.collector().notes_with("AMQP alone") > 0;
  });
  client.publish(queue, {"one"});
  const auto reading = fixture.read("s");
  REQUIRE(has_oldest(reading));
  CHECK(reading->oldest->method == AgeMethod::bound);
  CHECK(reading->in_flight == std::nullopt);
  CHECK(fixture.collector().notes_with("management API") == 1);
  CHECK(fixture.collector().notes_with(fmt::format(
            "management API {}: no answer within 500ms; going on with AMQP alone: nothing "
            "known of messages in flight, ages by `bound`",
            *settings.management)) == 1);
}

TEST_CASE("a user without access to the management API is told what it needs, once") {
  manage(shared_broker(), "PUT", "/api/users/untagged", R"({"password": "guest", "tags": ""})");
  manage(shared_broker(), "PUT", "/api/permissions/%2F/untagged",
         R"({"configure": "", "write": "", "read": ".*"})");
  auto settings = shared_broker().managed_settings();
  settings.username = "untagged";
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("untagged");
  client.declare(queue);
  Fixture fixture(settings, {queue_of(queue)});
  fixture.read_until("s",
                     [&](const auto&) { return fixture.collector().notes_with("AMQP alone") > 0; });
  CHECK(fixture.read("s").ok());
  CHECK(fixture.collector().notes_with(fmt::format(
            "management API {} does not accept user 'untagged' (401): check user name and "
            "password, and give the user the tag 'monitoring'",
            *settings.management)) == 1);
}

TEST_CASE("the management API of another broker is recognised by the queue it does not know") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("elsewhere");
  client.declare(queue);
  manage(shared_broker(), "PUT", "/api/vhosts/other", "{}");
  auto settings = shared_broker().managed_settings();
  settings.vhost = "other";
  Management management(settings);
  const auto sample = management.read(queue);
  REQUIRE_FALSE(sample.ok());
  CHECK(sample.error().kind == ErrorKind::not_found);
  CHECK(sample.error().message ==
        fmt::format("management API {} knows no queue '{}' in vhost 'other' (404): is it the same "
                    "broker's?",
                    *settings.management, queue));
}

TEST_CASE("a queue that alone fails in the management API is told once") {
  TestClient client(shared_broker().settings());
  const auto good = new_queue_name("good");
  const auto bad = new_queue_name("bad");
  client.declare(good);
  client.declare(bad);
  std::atomic<int> answered{0};
  jobscaler::test::ScriptedPeer peer(answer_with([&](const std::string& request) {
    ++answered;
    return request.find("/" + bad + "?") == std::string::npos ? 200 : 500;
  }));
  auto settings = shared_broker().settings();
  settings.management = peer.url();
  auto other = queue_of(bad);
  other.scaler = "t";
  Fixture fixture(settings, {queue_of(good), other});
  for (int rounds = 0; rounds < 3; ++rounds) {
    const int before = answered;
    for (const char* scaler : {"s", "t"}) {  // in batches of their own
      fixture.read_until(scaler, [&](const auto&) { return answered >= before + 4; });
    }
  }
  fixture.collector().wait_for_note("answered 500");
  CHECK(fixture.collector().notes_with("AMQP alone") == 0);
  CHECK(fixture.collector().notes_with("management API") == 1);
  CHECK(fixture.collector().notes_with(fmt::format(
            "management API {} answered 500 to a question about queue '{}'", peer.url(), bad)) ==
        1);
}

TEST_CASE("more than 200 queues are asked about with one listing") {
  TestClient client(shared_broker().settings());
  const auto prefix = new_queue_name("listed");
  std::vector<Queue> queues;
  for (int i = 0; i < 250; ++i) {
    auto queue = queue_of(fmt::format("{}-{}", prefix, i));
    queue.scaler = fmt::format("s{}", i);
    client.declare(queue.queue);
    queues.push_back(queue);
  }
  client.publish(queues[249].queue, numbered(3));
  client.consume(queues[249].queue, 0);
  client.deliveries(3);
  Fixture fixture(shared_broker().managed_settings(), queues);
  const auto reading = fixture.read_until("s249", [&](const auto& r) {
    for (const auto& queue : queues) fixture.connection().read(queue.scaler);
    return r.ok() && r->in_flight == 3;
  });
  CHECK(reading->waiting == 0);
  for (const auto& queue : queues) client.remove(queue.queue);
}

TEST_CASE("check says what each queue looks like and which age it will get") {
  TestClient client(shared_broker().settings());
  const auto stamped = new_queue_name("check-stamped");
  const auto priorities = new_queue_name("check-priorities");
  client.declare(stamped);
  client.declare(priorities, {.max_priority = 3});
  client.publish(stamped, numbered(2), 1'000'000'000);
  const auto settings = shared_broker().managed_settings();
  Fixture fixture(settings, {queue_of(stamped)});
  // The broker makes the statistics of what is in flight and of the head apart from each other.
  fixture.read_until("s", [](const auto& r) {
    return r.ok() && r->in_flight && r->oldest && r->oldest->method == AgeMethod::timestamp;
  });

  const auto lines =
      check(settings, {queue_of(stamped), queue_of("check-missing"), queue_of(priorities)});
  REQUIRE(lines.size() == 5);
  CHECK(lines[0].status == CheckLine::Status::ok);
  CHECK(lines[0].subject == "rabbitmq test");
  CHECK(lines[0].text ==
        fmt::format("logged in to 127.0.0.1:{} as 'guest', vhost '/'", settings.port));
  CHECK(lines[1].status == CheckLine::Status::ok);
  CHECK(lines[1].text == *settings.management + " answers");
  CHECK(lines[2].status == CheckLine::Status::ok);
  CHECK(lines[2].subject == "queue " + stamped);
  CHECK(lines[2].text ==
        "2 waiting, 0 consumers, 0 in flight; age by `timestamp`, `arrivals`, `bound`, the "
        "smallest of "
        "them; costs one request to the management API per poll");
  CHECK(lines[3].status == CheckLine::Status::fail);
  CHECK_THAT(lines[3].text, Catch::StartsWith("queue 'check-missing' does not exist in vhost '/'"));
  CHECK(lines[4].status == CheckLine::Status::warn);
  CHECK_THAT(lines[4].text,
             Catch::EndsWith("age only since the queue was last empty: it is a priority queue"));
}

TEST_CASE("check says that the head's timestamp lies in the future") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("check-milliseconds");
  client.declare(queue);
  client.publish(queue, numbered(1), 1'800'000'000'000);
  const auto settings = shared_broker().managed_settings();
  Fixture fixture(settings, {queue_of(queue, AgeChoice::timestamp)});
  fixture.read_until("s", [](const auto& r) {
    return r.ok() && r->hint.find("lies in the future") != std::string::npos;
  });
  const auto lines = check(settings, {queue_of(queue, AgeChoice::timestamp)});
  REQUIRE(lines.size() == 3);
  CHECK(lines[2].status == CheckLine::Status::warn);
  CHECK_THAT(lines[2].text,
             Catch::EndsWith("no age by `timestamp` right now: the head's timestamp lies in the "
                             "future (it is in milliseconds, or the publisher's clock is wrong)"));
}

TEST_CASE("check of a management API nobody uses asks it") {
  auto settings = shared_broker().settings();
  settings.management = "http://127.0.0.1:1";
  const auto lines = check(settings, {});
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].status == CheckLine::Status::fail);
  CHECK(lines[1].subject == "rabbitmq test management");
  CHECK_THAT(lines[1].text, Catch::StartsWith("management API http://127.0.0.1:1: "));
}

TEST_CASE("check of a web server that is no management API says so") {
  jobscaler::test::ScriptedPeer peer(answer_with([](const auto&) { return 404; }));
  auto settings = shared_broker().settings();
  settings.management = peer.url();
  const auto lines = check(settings, {});
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].status == CheckLine::Status::fail);
  CHECK(
      lines[1].text ==
      fmt::format("management API {} answered 404 to a question about its nodes: is it RabbitMQ's?",
                  peer.url()));
}

TEST_CASE("check says that the management API knows none of the queues") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("check-elsewhere");
  client.declare(queue);
  jobscaler::test::ScriptedPeer peer(answer_with([](const std::string& request) {
    return request.find("/api/nodes") == std::string::npos ? 404 : 200;
  }));
  auto settings = shared_broker().settings();
  settings.management = peer.url();
  const auto lines = check(settings, {queue_of("check-missing"), queue_of(queue)});
  REQUIRE(lines.size() == 4);
  CHECK(lines[1].status == CheckLine::Status::fail);
  const auto words = fmt::format(
      "management API {} knows no queue '{}' in vhost '/' (404): is it the same broker's?",
      peer.url(), queue);
  CHECK(lines[1].text == words);
  CHECK(lines[3].status == CheckLine::Status::ok);
  CHECK_THAT(lines[3].text, Catch::StartsWith(fmt::format(
                                "0 waiting, 0 consumers; age by `bound` ({}): ", words)));
}

TEST_CASE("check without the management API names what bound cannot do") {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("check-bound");
  client.declare(queue);
  const auto settings = shared_broker().settings();
  const auto lines = check(settings, {queue_of(queue), queue_of(queue, AgeChoice::arrivals)});
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].status == CheckLine::Status::ok);
  CHECK(
      lines[1].text ==
      "0 waiting, 0 consumers; age by `bound` (no `management` configured): an upper bound, loose "
      "while as many messages arrive as leave; not valid for priority queues or workers that "
      "requeue "
      "messages");
  CHECK(lines[2].status == CheckLine::Status::fail);
  CHECK(lines[2].text ==
        "0 waiting, 0 consumers; no age: `arrivals` needs the management API (no `management` "
        "configured)");
}

TEST_CASE("check of a broker that cannot be reached is one line") {
  auto settings = shared_broker().settings();
  settings.port = 1;
  const auto lines = check(settings, {queue_of("q")});
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].status == CheckLine::Status::fail);
  CHECK(lines[0].text ==
        "connection to 127.0.0.1:1 refused: is the broker up, and is this its AMQP port?");
}

}  // namespace jobscaler::rabbitmq::test
