#include <catch2/catch.hpp>

#include "kube/lease.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using test::json;

TEST_CASE("marks are the Lease's annotations of that kind, and nothing else") {
  std::vector<std::string> odd;
  const auto marks = marks_of(json(R"({'metadata': {'annotations': {
      'jobscaler.io/mark-orders': '41', 'jobscaler.io/mark-clicks-eu': '7', 'other': '9',
      'jobscaler.io/mark-bad': '4x', 'jobscaler.io/mark-neg': '-1'}}})"),
                              &odd);
  CHECK(marks == MarkMap{{"orders", 41}, {"clicks-eu", 7}});
  CHECK(odd == std::vector<std::string>{"jobscaler.io/mark-bad", "jobscaler.io/mark-neg"});
}

TEST_CASE("a mark that no daemon wrote is not a mark") {
  std::vector<std::string> odd;
  const auto marks = marks_of(json(R"({'metadata': {'annotations': {
      'jobscaler.io/mark-a': '1000000000000000', 'jobscaler.io/mark-b': '1000000000000001',
      'jobscaler.io/mark-c': '9223372036854775807'}}})"),
                              &odd);
  CHECK(marks == MarkMap{{"a", 1'000'000'000'000'000}});
  CHECK(odd == std::vector<std::string>{"jobscaler.io/mark-b", "jobscaler.io/mark-c"});
}

TEST_CASE("a Lease without annotations has no marks") {
  CHECK(marks_of(json("{}")).empty());
  CHECK(marks_of(json("{'metadata': {'annotations': null}}")).empty());
}

TEST_CASE("a mark is raised and never lowered, and everything else on the Lease stays") {
  const auto lease = json(R"({'metadata': {'name': 'l', 'resourceVersion': '5', 'annotations': {
      'jobscaler.io/mark-a': '10', 'jobscaler.io/mark-b': '10', 'keep': 'me'}},
      'spec': {'holderIdentity': 'x'}})");
  CHECK_FALSE(raised_lease(lease, {{"a", 10}, {"b", 3}}));
  const auto raised = raised_lease(lease, {{"a", 11}, {"b", 3}, {"c", 1}});
  REQUIRE(raised);
  CHECK(Json::parse(*raised).serialize() ==
        json(R"({'metadata': {'name': 'l', 'resourceVersion': '5', 'annotations': {
            'jobscaler.io/mark-a': '11', 'jobscaler.io/mark-b': '10', 'jobscaler.io/mark-c': '1',
            'keep': 'me'}}, 'spec': {'holderIdentity': 'x'}})")
            .serialize());
}

TEST_CASE("a mark that is no number is overwritten by one that is") {
  const auto raised =
      raised_lease(json("{'metadata': {'annotations': {'jobscaler.io/mark-a': 'x'}}}"), {{"a", 1}});
  REQUIRE(raised);
  CHECK(marks_of(Json::parse(*raised)) == MarkMap{{"a", 1}});
}

TEST_CASE("our Lease is named after the instance and says whose it is") {
  const auto lease = Json::parse(new_lease("workers", "blue", {{"a", 3}}));
  CHECK(text(lease, {"metadata", "name"}) == "jobscaler-blue");
  CHECK(text(lease, {"metadata", "namespace"}) == "workers");
  CHECK(text(lease, {"metadata", "labels", "jobscaler.io/instance"}) == "blue");
  CHECK(marks_of(lease) == MarkMap{{"a", 3}});
  CHECK(find(Json::parse(new_lease("workers", "blue", {})), {"spec"})->is_object());
}

TEST_CASE("who leads is what the Lease's spec says, and comes back as it was written") {
  const auto lease = json("{'kind': 'Lease', 'metadata': {'annotations': {'keep': 'me'}}}");
  const LeaseRecord record{"a", 15, "2024-02-29T12:34:56.000001Z", "2024-02-29T12:35:00.000002Z",
                           3};
  const auto written = Json::parse(with_record(lease, record));
  CHECK(record_of(written) == record);
  CHECK(text(written, {"metadata", "annotations", "keep"}) == "me");
  CHECK(text(written, {"spec", "renewTime"}) == "2024-02-29T12:35:00.000002Z");
}

TEST_CASE("a Lease that was released says so, and one that was made for its marks says nothing") {
  CHECK_FALSE(record_of(json("{'metadata': {}}")));
  CHECK_FALSE(record_of(json("{'metadata': {}, 'spec': {}}")));
  const auto released =
      record_of(json("{'spec': {'holderIdentity': '', 'leaseDurationSeconds': 1}}"));
  REQUIRE(released);
  CHECK(released->holder.empty());
  CHECK(record_of(json("{'spec': {'leaseDurationSeconds': 1}}")) == released);
  CHECK(record_of(json("{'spec': {'holderIdentity': 'them'}}"))->holder == "them");
}
