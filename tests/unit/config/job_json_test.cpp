#include <catch2/catch.hpp>
#include <string>

#include "documents.h"

namespace jobscaler {
namespace {

/// The JSON of `value` somewhere in a Job's spec.
std::string json(const std::string& value) {
  const Config config = config_of(with_job("x: " + value + ", "));
  const std::string& spec = config.scalers[0].job_spec_json;
  const std::string tail = R"(,"template":{"spec":{"containers":[{"name":"w","image":"i"}]}}})";
  REQUIRE(spec.starts_with("{\"x\":"));
  REQUIRE(spec.ends_with(tail));
  return spec.substr(5, spec.size() - 5 - tail.size());
}

TEST_CASE("plain scalars are typed as kubectl types them") {
  CHECK(json("1") == "1");
  CHECK(json("-7") == "-7");
  CHECK(json("-0") == "0");
  CHECK(json("9223372036854775807") == "9223372036854775807");
  CHECK(json("-9223372036854775808") == "-9223372036854775808");
  CHECK(json("true") == "true");
  CHECK(json("False") == "false");
  CHECK(json("~") == "null");
  CHECK(json("null") == "null");
  CHECK(json("") == "null");
}

TEST_CASE("decimal fractions keep their value, and whole ones lose their point") {
  CHECK(json("0.5") == "0.5");
  CHECK(json("-0.25") == "-0.25");
  CHECK(json("5.0") == "5");
  CHECK(json("0.1") == "0.1");
  CHECK(json("100000.0") == "100000");
  CHECK(json("1.5e3") == "1500");
  CHECK(json("1.0e20") == "100000000000000000000");
  CHECK(json("1.0e21") == "1e+21");
  CHECK(json("1.5e-7") == "1.5e-07");
  CHECK(json("3.141592653589793") == "3.141592653589793");
}

TEST_CASE("scalars in quotes stay strings") {
  CHECK(json(R"("1")") == R"("1")");
  CHECK(json("'yes'") == R"("yes")");
  CHECK(json(R"("010")") == R"("010")");
  CHECK(json("'12:30'") == R"("12:30")");
  CHECK(json(R"("")") == R"("")");
  CHECK(json("'null'") == R"("null")");
  CHECK(json("! 5") == R"("5")");
}

TEST_CASE("what no YAML reader takes for anything else is a string") {
  for (const std::string text :
       {"500m", "256Mi",  "1.2.3", "10.0.0.1", "2026-11-22", "a:b",
        "5s",   "1e",     "0x",    "-",        "--flag",     "+",
        ".",    "1:2:3a", "12:60", "yess",     "/bin/sh",    "registry.example/worker:1.4.2",
        "_1",   "1_a"}) {
    INFO(text);
    CHECK(json(text) == '"' + text + '"');
  }
}

TEST_CASE("strings are escaped") {
  CHECK(json(R"("a\"b\\c\nd\te\u0001\u00e9/")") ==
        "\"a\\\"b\\\\c\\u000ad\\u0009e\\u0001\xc3\xa9/\"");
  CHECK(json(R"({'a"b': c})") == R"({"a\"b":"c"})");
}

TEST_CASE("block scalars are strings with their line ends") {
  const Config config = config_of(R"(
connections: {rabbit: {rabbitmq: {host: rabbit}}}
scalers:
  - name: orders
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job:
      template:
        spec:
          containers:
            - name: worker
              image: worker:1
              args:
                - |
                  10
                  yes
                - >-
                  one
                  line
)");
  CHECK(config.scalers[0].job_spec_json ==
        R"({"template":{"spec":{"containers":[{"name":"worker","image":"worker:1",)"
        R"("args":["10\u000ayes\u000a","one line"]}]}}})");
}

TEST_CASE("lists and mappings keep their order, and empty ones stay empty") {
  CHECK(json("{b: [1, {}, []], a: {c: d}}") == R"({"b":[1,{},[]],"a":{"c":"d"}})");
}

TEST_CASE("quoted keys may look like anything") {
  CHECK(json(R"({"yes": 1, "5": 2, "<<": 3, "": 4})") == R"({"yes":1,"5":2,"<<":3,"":4})");
}

}  // namespace
}  // namespace jobscaler
