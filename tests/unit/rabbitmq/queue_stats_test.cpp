#include "rabbitmq/queue_stats.h"

#include <catch2/catch.hpp>

namespace jobscaler::rabbitmq {

TEST_CASE("all fields of a queue's statistics are read") {
  const auto stats = parse_queue(R"({
    "arguments": {"x-queue-type": "classic"}, "effective_policy_definition": {},
    "head_message_timestamp": 1700000000, "messages": 12, "messages_ready": 5,
    "messages_unacknowledged": 7, "name": "orders", "type": "classic",
    "message_stats": {"publish": 3000000000, "redeliver": 2}})");
  REQUIRE(stats.ok());
  CHECK(*stats == QueueStats{.ready = 5,
                             .unacknowledged = 7,
                             .messages = 12,
                             .published = 3'000'000'000,
                             .redelivered = 2,
                             .head_timestamp = 1'700'000'000});
}

TEST_CASE("what is not there is absent, not zero") {
  const std::string body = GENERATE(
      "[]",                                                   // no column matched
      "{}",                                                   //
      R"({"name": "q", "type": "quorum", "arguments": {}})",  // no statistics yet
      R"({"head_message_timestamp": null, "message_stats": {}, "effective_policy_definition": null})",
      R"({"messages": "many", "message_stats": [], "messages_ready": -1, "messages_unacknowledged": 1e99})");
  const auto stats = parse_queue(body);
  INFO(body);
  REQUIRE(stats.ok());
  CHECK(*stats == QueueStats{});
}

TEST_CASE("priorities, refused publishes and streams are seen in arguments and policies") {
  CHECK(parse_queue(R"({"arguments": {"x-max-priority": 5}})")->priorities);
  CHECK(parse_queue(R"({"effective_policy_definition": {"max-priority": 5}})")->priorities);
  CHECK_FALSE(parse_queue(R"({"arguments": {"x-max-priority": 0}})")->priorities);
  CHECK(parse_queue(R"({"arguments": {"x-overflow": "reject-publish"}})")->refuses_publishes);
  CHECK(parse_queue(R"({"effective_policy_definition": {"overflow": "reject-publish-dlx"}})")
            ->refuses_publishes);
  CHECK_FALSE(parse_queue(R"({"arguments": {"x-overflow": "drop-head"}})")->refuses_publishes);
  CHECK(parse_queue(R"({"type": "stream"})")->stream);
}

TEST_CASE("a listing is read by name") {
  const auto list = parse_queue_list(R"([{"name": "a", "messages": 1}, {"name": "b"}, {}])");
  REQUIRE(list.ok());
  CHECK(list->size() == 2);
  CHECK(list->at("a").messages == 1);
  CHECK(list->at("b") == QueueStats{});
}

TEST_CASE("the uptimes of the nodes that run are read") {
  const auto uptimes = parse_uptimes(R"([{"name": "a", "uptime": 12}, {"name": "b"}, {}])");
  REQUIRE(uptimes.ok());
  CHECK(*uptimes == std::map<std::string, std::int64_t>{{"a", 12}});
  CHECK(parse_uptimes("{}").error().kind == ErrorKind::malformed);
  CHECK(parse_uptimes("no").error().kind == ErrorKind::malformed);
}

TEST_CASE("an answer that is not what was asked for is an error, not an empty queue") {
  const std::string body =
      GENERATE("", "<html>", "{", "3", "[1]", "null", "\"text\"", R"({"name": "\ud800"})");
  INFO(body);
  const auto stats = parse_queue(body);
  REQUIRE_FALSE(stats.ok());
  CHECK(stats.error().kind == ErrorKind::malformed);
  CHECK_THAT(stats.error().message, Catch::StartsWith("the answer is not understood: "));
}

TEST_CASE("a listing that is not a list is an error") {
  const std::string body = GENERATE("", "{}", "null");
  CHECK_FALSE(parse_queue_list(body).ok());
}

}  // namespace jobscaler::rabbitmq
