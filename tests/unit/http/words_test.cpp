#include <catch2/catch.hpp>

#include "http/words.h"

using namespace jobscaler::http;
using namespace std::chrono_literals;

TEST_CASE("cpprestsdk's failures become words a person can use") {
  const auto words = [](const char* what, int code) { return words_for({what, code}, 2s); };
  CHECK(words("Error resolving address", 113) == "its host name cannot be resolved");
  CHECK(words("Failed to connect to any resolved endpoint", 113) ==
        "connection refused, or no route to it");
  CHECK(words("Request canceled by user.", 110) == "no answer within 2s");
  CHECK(words("Failed to connect to any resolved endpoint", 110) == "no connection within 2s");
  CHECK(words("Error in SSL handshake", 167772294) ==
        "TLS handshake failed: certificate verify failed");
  CHECK(words("Failed to write request body", 32) == "connection reset while the request was sent");
  CHECK(words("Failed to read HTTP status line", 104) == "connection reset before it answered");
  CHECK(words("Retrieving message chunk header", 1) ==
        "connection closed in the middle of its answer");
  CHECK(words("something new", 7) == "something new");
}

TEST_CASE("only a request that could not be written is worth repeating") {
  CHECK(is_dead_connection({"Failed to write request body", 32}));
  CHECK(is_dead_connection({"Failed to write request headers", 113}));
  CHECK_FALSE(is_dead_connection({"Failed to write request body", 110}));
  CHECK_FALSE(is_dead_connection({"Failed to read HTTP status line", 103}));
}

TEST_CASE("a peer is named without its path and without secrets") {
  CHECK(peer_of("https://user:secret@host:6443/prefix@x?q") == "https://host:6443");
  CHECK(peer_of("http://[::1]:80/") == "http://[::1]:80");
  CHECK(peer_of("host") == "host");
}
