#include <catch2/catch.hpp>
#include <string>

#include "documents.h"

namespace jobscaler {
namespace {

TEST_CASE("a file without a document is empty") {
  check({
      {"", {"f: error: the file is empty; it needs at least connections and scalers"}},
      {"\n", {"f: error: the file is empty; it needs at least connections and scalers"}},
      {"# only a comment\n",
       {"f: error: the file is empty; it needs at least connections and scalers"}},
      {"---\n", {"f: error: the file is empty; it needs at least connections and scalers"}},
      {"~\n", {"f: error: the file is empty; it needs at least connections and scalers"}},
      {"\xef\xbb\xbf", {"f: error: the file is empty; it needs at least connections and scalers"}},
  });
}

TEST_CASE("a file holds one document") {
  check({
      {"a: b\n---\nc: d\n",
       {"f:2:1: error: a second document begins here; the file must hold only one"}},
      {R"(connections:
  rabbit: {rabbitmq: {host: rabbit}}
scalers:
  - name: orders
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
---
)",
       {"f:9:1: error: a second document begins here; the file must hold only one"}},
  });
}

TEST_CASE("a byte that is not text is pointed at") {
  check({
      {std::string("a: b\nc: \x00\n", 10),
       {"f:2:4: error: byte 0x00 has no place in a text file (UTF-8)"}},
      {"a: \xff\n", {"f:1:4: error: byte 0xff has no place in a text file (UTF-8)"}},
      {"a: \x1b[1m\n", {"f:1:4: error: byte 0x1b has no place in a text file (UTF-8)"}},
      {"a: \xed\xa0\x80\n", {"f:1:4: error: byte 0xed has no place in a text file (UTF-8)"}},
      {"a: \xc3", {"f:1:4: error: byte 0xc3 has no place in a text file (UTF-8)"}},
      {std::string("\xff\xfe"
                   "a\x00",
                   4),
       {"f:1:1: error: byte 0xff has no place in a text file (UTF-8)"}},
  });
}

TEST_CASE("a tab is no indentation") {
  check({
      {"a:\n\tb: 1\n", {"f:2:3: error: this line is indented with a tab; use spaces"}},
      {"a:\n  b: 1\n \t c: 1\n", {"f:3:2: error: this line is indented with a tab; use spaces"}},
  });
}

TEST_CASE("a quote is closed") {
  check({
      {"a: \"b\n", {"f:1:4: error: the quote that begins here is never closed"}},
      {"a: 'it''s\n", {"f:1:4: error: the quote that begins here is never closed"}},
      {"a: &x \"b\n", {"f:1:4: error: the quote that begins here is never closed"}},
      {"a: &x # c\n  \"b\n", {"f:1:4: error: the quote that begins here is never closed"}},
      {"a: &x # c\n# d\n  'b\n", {"f:1:4: error: the quote that begins here is never closed"}},
  });
}

TEST_CASE("brackets are closed") {
  check({
      {"a: [1\n", {"f:2:1: error: not YAML: end of sequence flow not found"}},
      {"a: {b: 1\n", {"f:2:1: error: not YAML: end of map flow not found"}},
  });
}

TEST_CASE("strings that begin with a special character are quoted") {
  check({
      {"a: @x\n", {"f:1:4: error: not YAML: quote a string that begins with a special character"}},
      {"a: %x\n", {"f:1:4: error: not YAML: quote a string that begins with a special character"}},
      {"a: *x\n",
       {"f:1:4: error: this alias refers to nothing; quote a string that begins with an asterisk"}},
      {"a: !x y\n",
       {"f:1:1: error: a: unknown key. Allowed here: pollInterval, kubernetes, connections, "
        "nodeGroups, scalers",
        "f:1:1: error: connections: missing; must be a mapping of names to connections",
        "f:1:1: error: scalers: missing; must be a list of scalers",
        "f:1:4: error: a: tags are not supported; quote a string that begins with an exclamation "
        "mark"}},
      {"a: `x`\n", {"f:1:4: error: not YAML: quote a string that begins with a special character"}},
  });
}

TEST_CASE("an alias does not stand within itself") {
  check({
      {"a: &x [*x]\n", {"f:1:8: error: this alias stands within the very value that it refers to"}},
      {"a: &x {b: {c: *x}}\n",
       {"f:1:15: error: this alias stands within the very value that it refers to"}},
  });
}

TEST_CASE("merge keys are refused") {
  check({
      {R"(base: &base {max: 1}
connections:
  rabbit: {rabbitmq: {host: rabbit}}
scalers:
  - name: orders
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {<<: *base, max: 5}
    job: {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
)",
       {"f:1:1: error: base: unknown key. Allowed here: pollInterval, kubernetes, connections, "
        "nodeGroups, scalers",
        R"(f:8:15: error: scalers[0].workers["<<"]: merge keys are not supported; write the keys out (an alias may stand for a whole value))"}},
  });
}

TEST_CASE("a key is a word") {
  check({
      {"? [a]\n: b\n", {"f:1:3: error: a key must be a word, not a list or a mapping"}},
      {"? {a: b}\n: c\n", {"f:1:3: error: a key must be a word, not a list or a mapping"}},
      {"{[a]: b}\n", {"f:1:2: error: a key must be a word, not a list or a mapping"}},
      {"~: b\n", {"f:1:1: error: a key is missing here"}},
  });
}

TEST_CASE("what YAML itself refuses is passed on") {
  check({
      {"a: b: c\n", {"f:1:5: error: not YAML: illegal map value"}},
      {"%YAML 3.0\n---\na: b\n", {"f:1:1: error: not YAML: YAML major version too large"}},
  });
}

}  // namespace
}  // namespace jobscaler
