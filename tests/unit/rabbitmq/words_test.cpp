// What people get to read, and when.
#include <catch2/catch.hpp>

#include "rabbitmq/backoff.h"
#include "rabbitmq/depth_reader.h"
#include "rabbitmq/dial.h"
#include "rabbitmq/management.h"
#include "rabbitmq/outage.h"

namespace jobscaler::rabbitmq {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

RabbitmqConnection settings() {
  RabbitmqConnection made;
  made.name = "rabbit";
  made.host = "rabbitmq";
  made.username = "scaler";
  made.management = "http://rabbitmq:15672";
  return made;
}

Error about_orders(int code, const std::string& text) {
  return queue_error("orders", settings(), code, text);
}

constexpr TimePoint kStart{std::chrono::hours(1)};

}  // namespace

TEST_CASE("a queue that does not exist is told from one that cannot be reached right now") {
  CHECK(
      about_orders(404, "NOT_FOUND - no queue 'orders' in vhost '/'") ==
      Error{
          ErrorKind::not_found,
          "queue 'orders' does not exist in vhost '/': create it, or correct the scaler's queue"});
  CHECK(
      about_orders(404,
                   "NOT_FOUND - failed to perform operation on queue 'orders' in vhost '/' "
                   "due to timeout") ==
      Error{
          ErrorKind::unavailable,
          "queue 'orders' cannot be read right now (404 NOT_FOUND - failed to perform operation on "
          "queue 'orders' in vhost '/' due to timeout)"});
  CHECK(about_orders(404,
                     "NOT_FOUND - home node 'rabbit@b' of durable queue 'orders' in vhost '/' is "
                     "down or inaccessible")
            .kind == ErrorKind::unavailable);
}

TEST_CASE("a queue the user may not look at") {
  CHECK(about_orders(403, "ACCESS_REFUSED - access to queue 'orders' in vhost '/' refused") ==
        Error{ErrorKind::rejected,
              "user 'scaler' may not look at queue 'orders' (403 ACCESS_REFUSED - access to queue "
              "'orders' in vhost '/' refused): give the user permissions on it"});
}

TEST_CASE("a queue that is exclusive to another connection") {
  CHECK(
      about_orders(405, "RESOURCE_LOCKED - cannot obtain exclusive access") ==
      Error{
          ErrorKind::rejected,
          "queue 'orders' is exclusive to another connection (405 RESOURCE_LOCKED - cannot obtain "
          "exclusive access): its depth cannot be read"});
}

TEST_CASE("the management API's refusals say what to do") {
  CHECK(
      management_error(settings(), 401, "queue 'orders'") ==
      Error{ErrorKind::rejected,
            "management API http://rabbitmq:15672 does not accept user 'scaler' (401): check user "
            "name and password, and give the user the tag 'monitoring'"});
  CHECK(
      management_error(settings(), 403, "queue 'orders'") ==
      Error{
          ErrorKind::rejected,
          "management API http://rabbitmq:15672 does not let user 'scaler' look at queue 'orders' "
          "(403)"});
  CHECK(management_error(settings(), 503, "vhost '/'") ==
        Error{ErrorKind::unavailable,
              "management API http://rabbitmq:15672 answered 503 to a question about vhost '/'"});
}

TEST_CASE("an outage is told when it begins, when it changes and when it is over") {
  Outage outage;
  CHECK(outage.recovered(kStart) == std::nullopt);
  CHECK(outage.failed("lost", kStart) == "lost");
  CHECK(outage.failed("refused", kStart) == "refused");
  CHECK(outage.failed("refused", kStart + seconds(1)) == std::nullopt);
  CHECK(outage.failed("lost", kStart + seconds(2)) == std::nullopt);
  CHECK(outage.recovered(kStart + milliseconds(12'500)) == "after 12.5s (4 failed attempts)");
  CHECK(outage.recovered(kStart + seconds(13)) == std::nullopt);
  CHECK(outage.failed("lost", kStart + seconds(20)) == "lost");
  CHECK(outage.recovered(kStart + seconds(21)) == "after 1s (1 failed attempt)");
}

TEST_CASE("pauses between attempts double from half a second to 30 s, shortened by up to half") {
  Backoff backoff(42);
  double expected = 0.5;
  for (int i = 0; i < 20; ++i) {
    const double pause = std::chrono::duration<double>(backoff.next()).count();
    CHECK(pause <= expected);
    CHECK(pause >= expected / 2);
    expected = std::min(2 * expected, 30.0);
  }
  backoff.reset();
  CHECK(backoff.next() <= milliseconds(500));
}

TEST_CASE("daemons do not come back in step") {
  Backoff one(1), other(2);
  CHECK(one.next() != other.next());
}

TEST_CASE("IPv6 addresses are bracketed in a peer's name") {
  CHECK(peer_name("rabbitmq", 5672) == "rabbitmq:5672");
  CHECK(peer_name("::1", 5672) == "[::1]:5672");
}

}  // namespace jobscaler::rabbitmq
