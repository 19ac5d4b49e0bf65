#include <catch2/catch.hpp>
#include <string>

#include "documents.h"

namespace jobscaler {
namespace {

TEST_CASE("a password in the file is refused and never shown") {
  check({
      {Document{.connection = "{host: rabbit, username: u, password: hunter2}"}.text(),
       {"f:2:60: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file"}},
      {Document{.connection = R"({host: rabbit, username: u, password: "hunter2"})"}.text(),
       {"f:2:60: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file"}},
      {Document{.connection = "{host: rabbit, username: u, password: 12345}"}.text(),
       {"f:2:60: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file"}},
      {Document{.connection = "{host: rabbit, username: u, password: [hunter2]}"}.text(),
       {"f:2:60: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file"}},
      {Document{.connection = "{host: rabbit, username: u, password: {hunter2}}"}.text(),
       {"f:2:60: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file"}},
      {Document{.connection = "{host: rabbit, username: u, password: {hunter2: , hunter2: }}"}
           .text(),
       {"f:2:60: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file",
        "f:2:72: error: connections.rabbit.rabbitmq.password: given twice; it is already on line "
        "2"}},
      {Document{.connection = "{host: rabbit, username: u, password: {file: a, env: b}}"}.text(),
       {"f:2:60: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file"}},
      {Document{.connection = "{host: rabbit, username: u, password: {}}"}.text(),
       {"f:2:60: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file"}},
      {Document{.connection = "{host: rabbit, username: u, password: {env: hunter-2}}"}.text(),
       {"f:2:66: error: connections.rabbit.rabbitmq.password.env: must be the name of an "
        "environment variable (letters, digits and _), found a string that is not one"}},
      {Document{.connection = R"({host: rabbit, username: u, password: {file: ""}})"}.text(),
       {"f:2:67: error: connections.rabbit.rabbitmq.password.file: must be the path of a file, "
        "found an empty string"}},
      {Document{.connection = "{host: rabbit, username: u, password: {file: [hunter2]}}"}.text(),
       {"f:2:67: error: connections.rabbit.rabbitmq.password.file: must be the path of a file, "
        "found a list"}},
      {Document{.connection = "{host: rabbit, username: u, password: !hunter2 }"}.text(),
       {"f:2:60: error: connections.rabbit.rabbitmq.password: tags are not supported; quote a "
        "string that begins with an exclamation mark"}},
      {Document{.connection = "{host: rabbit, username: u, password: *hunter2 }"}.text(),
       {"f:2:60: error: this alias refers to nothing; quote a string that begins with an "
        "asterisk"}},
      {Document{.connection = "{host: rabbit, username: u, password: }"}.text(),
       {"f:2:50: error: connections.rabbit.rabbitmq.password: must be {file: PATH} or {env: NAME}, "
        "which say where to find the secret; the secret itself has no place in a configuration "
        "file"}},
  });
}

TEST_CASE("a secret in the place of something else is not shown either") {
  check({
      {Document{.connection = "amqp://u:hunter2@rabbit"}.text(),
       {"f:2:22: error: connections.rabbit.rabbitmq: must be a mapping with the keys host, port, "
        "vhost, username, password, management, tls, timeout, found a string"}},
      {Document{.connection = R"({host: "u:hunter2@rabbit"})"}.text(),
       {"f:2:29: error: connections.rabbit.rabbitmq.host: must be a host name or an IP address, "
        "without scheme, port or user, found a string that is not one"}},
      {Document{.connection = R"({host: rabbit, tls: "hunter2"})"}.text(),
       {"f:2:42: error: connections.rabbit.rabbitmq.tls: must be true, false or a mapping with the "
        "keys ca, certificate, key, verify, found a string"}},
      {Document{.connection = "{host: rabbit, vhost: 12345}"}.text(),
       {"f:2:44: error: connections.rabbit.rabbitmq.vhost: must be the name of a virtual host, of "
        "at most 255 bytes, found what YAML takes for a number; quote it"}},
      {Document{.job = "{template: {spec: {containers: [{name: worker, image: worker:1, env: "
                       "[{name: PASSWORD, value: 12345}, {name: PIN, value: 0123}]}]}}}"}
           .text(),
       {"f:8:104: error: scalers[0].job.template.spec.containers[0].env[0].value: must be a "
        "string, found a number; quote it",
        "f:8:131: error: scalers[0].job.template.spec.containers[0].env[1].value: must be a "
        "string, found a number; quote it"}},
  });
}

}  // namespace
}  // namespace jobscaler
