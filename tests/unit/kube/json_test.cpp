#include <catch2/catch.hpp>

#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using test::json;

TEST_CASE("half a surrogate pair is not JSON") {
  const auto parsed = parse_json(R"({"name": "\ud800\u0041"})");
  REQUIRE_FALSE(parsed.ok());
  CHECK(parsed.error() == Error{ErrorKind::malformed, R"(not JSON: {"name": "\ud800\u0041"})"});
}

TEST_CASE("null is not there") {
  const auto object = json("{'a': null, 'b': {'c': null, 'd': 1}}");
  CHECK(find(object, {"a"}) == nullptr);
  CHECK(find(object, {"b", "c"}) == nullptr);
  CHECK(integer(object, {"b", "d"}) == 1);
}
