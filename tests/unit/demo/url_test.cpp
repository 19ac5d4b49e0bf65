#include "demo/url.h"

#include <catch2/catch.hpp>

using namespace jobscaler::demo;

TEST_CASE("a URL says everything about a broker, percent-encoded where need be") {
  CHECK(*parse_url("amqp://me:p%40ss@example.test:5673/my%2Fhost?heartbeat=3") ==
        Address{"example.test", 5673, "my/host", "me", "p@ss", 3});
}

TEST_CASE("what a URL leaves out is RabbitMQ's default") {
  const Address defaults{"h", 5672, "/", "guest", "guest", 10};
  CHECK(*parse_url("amqp://h") == defaults);
  CHECK(*parse_url("amqp://h/") == defaults);
  CHECK(*parse_url("amqp://guest:guest@h:5672/%2F") == defaults);
}

TEST_CASE("a URL that cannot be used says what one looks like") {
  for (const char* url : {"", "h:5672", "http://h", "amqp://h:port", "amqp://h:99999"}) {
    CAPTURE(url);
    const auto result = parse_url(url);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == jobscaler::ErrorKind::malformed);
    CHECK(result.error().message ==
          "not a URL; a broker's URL is amqp://user:password@host:5672/vhost");
  }
  CHECK_THAT(parse_url("amqps://h").error().message, Catch::StartsWith("the demo speaks AMQP "
                                                                       "without TLS only"));
  for (const char* url : {"amqp://h?vhost=x", "amqp://h?heartbeat=", "amqp://h?heartbeat=-1"})
    CHECK_THAT(parse_url(url).error().message,
               Catch::StartsWith("the only query that is understood is ?heartbeat=SECONDS"));
}

TEST_CASE("texts name a broker by host and port") {
  CHECK(describe(*parse_url("amqp://u:secret@h:1234/v")) == "RabbitMQ at h:1234");
}
