#include <catch2/catch.hpp>
#include <string>

#include "documents.h"

namespace jobscaler {
namespace {

TEST_CASE("a host is a name or an address and nothing more") {
  check({
      {Document{.connection = R"({host: "amqp://u:secret@rabbit"})"}.text(),
       {"f:2:29: error: connections.rabbit.rabbitmq.host: must be a host name or an IP address, "
        "without scheme, port or user, found a string that is not one"}},
      {Document{.connection = R"({host: "rabbit:5672"})"}.text(),
       {"f:2:29: error: connections.rabbit.rabbitmq.host: must be a host name or an IP address, "
        "without scheme, port or user, found a string that is not one"}},
      {Document{.connection = R"({host: ""})"}.text(),
       {"f:2:29: error: connections.rabbit.rabbitmq.host: must be a host name or an IP address, "
        "without scheme, port or user, found an empty string"}},
      {Document{.connection = R"({host: "rab bit"})"}.text(),
       {"f:2:29: error: connections.rabbit.rabbitmq.host: must be a host name or an IP address, "
        "without scheme, port or user, found a string that is not one"}},
      {Document{.connection = R"({host: "[::1]"})"}.text(),
       {"f:2:29: error: connections.rabbit.rabbitmq.host: must be a host name or an IP address, "
        "without scheme, port or user, found a string that is not one"}},
  });
}

TEST_CASE("the management API's URL is plain http or https, without credentials") {
  check({
      {Document{.connection = R"({host: rabbit, management: "rabbit:15672"})"}.text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found a "
        "string that is "
        "not one"}},
      {Document{.connection = R"({host: rabbit, management: "ftp://rabbit"})"}.text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found a "
        "string that is "
        "not one"}},
      {Document{.connection = R"({host: rabbit, management: "http://"})"}.text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found a "
        "string that is "
        "not one"}},
      {Document{.connection = R"({host: rabbit, management: "http://u:secret@rabbit:15672"})"}
           .text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found a "
        "string that is "
        "not one"}},
      {Document{.connection = R"({host: rabbit, management: "http://rabbit:0"})"}.text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found a "
        "string that is "
        "not one"}},
      {Document{.connection = R"({host: rabbit, management: "http://rabbit?a=b"})"}.text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found a "
        "string that is "
        "not one"}},
      {Document{.connection = R"({host: rabbit, management: "http://[::1]:15672"})"}.text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found a "
        "string that is "
        "not one"}},
      {Document{.connection = R"({host: rabbit, management: "http://rabbit/%zz"})"}.text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found a "
        "string that is "
        "not one"}},
      {Document{.connection = R"({host: rabbit, management: "http://rabbit/%4"})"}.text(),
       {"f:2:49: error: connections.rabbit.rabbitmq.management: must be the management API's URL, "
        "such as http://rabbitmq:15672 (without IPv6 address, user, password and query), found a "
        "string that is "
        "not one"}},
  });
}

TEST_CASE("a client certificate needs its key, and an unchecked one is warned about") {
  check({
      {Document{.connection = "{host: rabbit, tls: {certificate: a}}"}.text(),
       {"f:2:42: error: connections.rabbit.rabbitmq.tls.key: missing; a client certificate needs "
        "both certificate and key"}},
      {Document{.connection = "{host: rabbit, tls: {key: a}}"}.text(),
       {"f:2:42: error: connections.rabbit.rabbitmq.tls.certificate: missing; a client certificate "
        "needs both certificate and key"}},
      {Document{.connection = R"({host: rabbit, tls: {ca: ""}})"}.text(),
       {"f:2:47: error: connections.rabbit.rabbitmq.tls.ca: must be the path of a PEM file, found "
        "an empty string"}},
      {Document{.connection = "{host: rabbit, tls: {verify: false}}"}.text(),
       {"f:2:51: warning: connections.rabbit.rabbitmq.tls.verify: the broker's certificate is not "
        "checked: whoever stands in between can read the password"}},
      {Document{.connection = "{host: rabbit, tls: []}"}.text(),
       {"f:2:42: error: connections.rabbit.rabbitmq.tls: must be true, false or a mapping with the "
        "keys ca, certificate, key, verify, found a list"}},
  });
}

}  // namespace
}  // namespace jobscaler
