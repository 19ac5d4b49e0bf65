// Promise 4: reading a queue leaves it exactly as it was.
#include <catch2/catch.hpp>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::rabbitmq::test {
namespace {

constexpr int kMessages = 20;
constexpr int kReadings = 1000;

/// What a consumer gets from a queue that has been read `readings` times.
std::vector<Delivery> consumed_after(int readings, const std::string& type) {
  TestClient client(shared_broker().settings());
  const auto queue = new_queue_name("hands-off-" + type);
  client.declare(queue, {.type = type});
  client.publish(queue, numbered(kMessages));
  Fixture fixture(shared_broker().managed_settings(), {{.scaler = "s", .queue = queue}});
  for (int i = 0; i < readings; ++i) {
    const auto reading = fixture.read("s");
    REQUIRE(reading.ok());
    REQUIRE(reading->waiting == kMessages);
  }
  client.consume(queue, 0);
  return client.deliveries(kMessages);
}

}  // namespace

TEST_CASE(
    "after 1,000 readings a consumer gets the same messages in the same order, none redelivered") {
  const std::string type = GENERATE("classic", "quorum");
  INFO(type);
  const auto after = consumed_after(kReadings, type);
  REQUIRE(after.size() == kMessages);
  for (int i = 0; i < kMessages; ++i) {
    INFO("message " << i);
    CHECK(after[static_cast<std::size_t>(i)].body ==
          numbered(kMessages)[static_cast<std::size_t>(i)]);
    CHECK_FALSE(after[static_cast<std::size_t>(i)].redelivered);
  }
  CHECK(after == consumed_after(0, type));  // delivery counts included
}

}  // namespace jobscaler::rabbitmq::test
