#include <catch2/catch.hpp>

#include "http/client.h"

namespace {

/// cpprestsdk's pool can be sized only before its first use.
const bool pool_is_small = [] {
  jobscaler::http::initialize_thread_pool(2);
  return true;
}();

}  // namespace

TEST_CASE("everything but unreserved characters is percent-encoded") {
  using jobscaler::http::encode_uri_component;
  CHECK(pool_is_small);
  CHECK(encode_uri_component("az-AZ_09.~") == "az-AZ_09.~");
  CHECK(encode_uri_component("a=b,c/d e") == "a%3Db%2Cc%2Fd%20e");
  CHECK(encode_uri_component("\xc3\xa4") == "%C3%A4");
}
