// Each way in which a connection cannot be had, in the words people get to read.
#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::rabbitmq::test {
namespace {

/// A file with `text`, removed at the end.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text)
      : path_(std::filesystem::temp_directory_path() /
              new_queue_name(fmt::format("rabbitmq-test-file-{}", getpid()))) {
    write(text);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  void write(const std::string& text) { std::ofstream(path_) << text; }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What a reading over such a connection says; also asserts that a Note was posted with it.
Error reading_error(const RabbitmqConnection& settings) {
  Fixture fixture(settings, {{.scaler = "s", .queue = "q"}});
  const auto reading = fixture.read("s");
  REQUIRE_FALSE(reading.ok());
  const std::string prefix = "rabbitmq test: ";
  REQUIRE_THAT(reading.error().message, Catch::StartsWith(prefix));
  const std::string text = reading.error().message.substr(prefix.size());
  const auto notes = fixture.collector().notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].level == Level::warn);
  CHECK(notes[0].subject == "rabbitmq test");
  CHECK(notes[0].text == text + "; trying again, with pauses of up to 30s");
  return {reading.error().kind, text};
}

std::string peer(const RabbitmqConnection& settings) {
  return fmt::format("{}:{}", settings.host, settings.port);
}

}  // namespace

TEST_CASE("a refused connection") {
  auto settings = shared_broker().settings();
  settings.port = 1;
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::unavailable);
  CHECK(error.message ==
        "connection to 127.0.0.1:1 refused: is the broker up, and is this its AMQP port?");
}

TEST_CASE("a host name that does not exist") {
  auto settings = shared_broker().settings();
  settings.host = "no-such-host.invalid";
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::unavailable);
  CHECK_THAT(error.message,
             Catch::StartsWith("cannot resolve host name 'no-such-host.invalid': ") &&
                 Catch::EndsWith("; check the connection's host"));
}

TEST_CASE("a wrong password, and the right one after the file was corrected") {
  TemporaryFile file("wrong\n");
  auto settings = shared_broker().settings();
  settings.password = {Secret::Origin::file, file.path()};
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::rejected);
  CHECK(error.message ==
        fmt::format("{} refuses to log in user 'guest' (403 ACCESS_REFUSED): check user name and "
                    "password; guest may log in from localhost only",
                    peer(settings)));

  TestClient client(shared_broker().settings());
  client.declare("rotated");
  Fixture fixture(settings, {{.scaler = "s", .queue = "rotated"}});
  CHECK_FALSE(fixture.read("s").ok());
  file.write("guest\n");
  fixture.read_until("s", [](const auto& reading) { return reading.ok(); });
  fixture.collector().wait_for_note("connected to");
}

TEST_CASE("a password file that is missing") {
  auto settings = shared_broker().settings();
  settings.password = {Secret::Origin::file, "/no/such/secret"};
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::not_found);
  CHECK_THAT(error.message, Catch::Contains("/no/such/secret"));
}

TEST_CASE("a vhost that does not exist") {
  auto settings = shared_broker().settings();
  settings.vhost = "nowhere";
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::rejected);
  CHECK(error.message ==
        fmt::format("{} does not let user 'guest' into vhost 'nowhere' (530 NOT_ALLOWED - vhost "
                    "nowhere not found): check the vhost's name and the user's permissions",
                    peer(settings)));
}

TEST_CASE("a vhost the user has no permissions in") {
  manage(shared_broker(), "PUT", "/api/users/stranger", R"({"password": "guest", "tags": ""})");
  auto settings = shared_broker().settings();
  settings.username = "stranger";
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::rejected);
  CHECK(error.message ==
        fmt::format("{} does not let user 'stranger' into vhost '/' (530 NOT_ALLOWED - access to "
                    "vhost '/' refused for user 'stranger'): check the vhost's name and the user's "
                    "permissions",
                    peer(settings)));
}

TEST_CASE("a port that speaks something else") {
  auto settings = shared_broker().settings();
  settings.timeout = std::chrono::milliseconds(300);
  settings.port = std::stoi(shared_broker().variable("MANAGEMENT_PORT"));
  const auto http = reading_error(settings);
  CHECK(http.kind == ErrorKind::unavailable);
  CHECK(http.message ==
        fmt::format("no answer from {} within 300ms while logging in: the broker is "
                    "overloaded or frozen, or this is not its AMQP port",
                    peer(settings)));
  settings.port = std::stoi(shared_broker().variable("AMQPS_PORT"));
  CHECK(reading_error(settings).message ==
        fmt::format(
            "connection to {} lost while logging in (a socket error occurred): does this port "
            "expect TLS?",
            peer(settings)));
}

TEST_CASE("TLS with the right CA and a client certificate works, by address and by name") {
  TestClient client(shared_broker().settings());
  client.declare("over-tls");
  client.publish("over-tls", {"one"});
  auto settings = shared_broker().tls_settings();
  settings.host = GENERATE("127.0.0.1", "localhost");
  Fixture fixture(settings, {{.scaler = "s", .queue = "over-tls"}});
  const auto reading = fixture.read("s");
  REQUIRE(reading.ok());
  CHECK(reading->waiting == 1);
  client.remove("over-tls");
}

TEST_CASE("TLS to a broker whose CA is not known") {
  auto settings = shared_broker().tls_settings();
  settings.tls.ca_file.clear();
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::rejected);
  CHECK_THAT(error.message, Catch::StartsWith(fmt::format(
                                "the certificate of {} is not trusted by the system's CAs: self",
                                peer(settings))));
}

TEST_CASE("TLS to a broker whose CA is not known is accepted when told not to verify") {
  TestClient client(shared_broker().settings());
  client.declare("unverified");
  auto settings = shared_broker().tls_settings();
  settings.tls.ca_file.clear();
  settings.tls.verify = false;
  Fixture fixture(settings, {{.scaler = "s", .queue = "unverified"}});
  CHECK(fixture.read("s").ok());
}

TEST_CASE("TLS to a host that is not in the certificate") {
  auto settings = shared_broker().tls_settings();
  settings.host = "127.1";  // the same address by another name
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::rejected);
  CHECK(error.message ==
        fmt::format(
            "the certificate of {} is not for host '127.1' (hostname mismatch): use a name the "
            "certificate has",
            peer(settings)));
}

TEST_CASE("TLS without the client certificate that the broker requires") {
  auto settings = shared_broker().tls_settings();
  settings.tls.certificate_file.clear();
  settings.tls.key_file.clear();
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::rejected);
  CHECK(error.message == fmt::format("{} ended the TLS handshake (certificate required): does it "
                                     "require a client certificate? None is configured",
                                     peer(settings)));
}

TEST_CASE("TLS with a client certificate of a CA the broker does not know") {
  auto settings = shared_broker().tls_settings();
  TemporaryFile own("");
  REQUIRE(
      std::system(fmt::format("openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout {0} "
                              "-out {0}.pem 2>/dev/null && cat {0}.pem >> {0} && rm {0}.pem",
                              own.path())
                      .c_str()) == 0);
  settings.tls.certificate_file = own.path();
  settings.tls.key_file.clear();
  const auto error = reading_error(settings);
  CHECK(error.kind == ErrorKind::rejected);
  CHECK_THAT(error.message,
             Catch::StartsWith(fmt::format("{} did not accept the client certificate '{}' (",
                                           peer(settings), own.path())));
}

TEST_CASE("TLS files that cannot be used") {
  auto settings = shared_broker().tls_settings();
  settings.tls.ca_file = "/no/such/ca.pem";
  CHECK(reading_error(settings).message ==
        "cannot use the CA file '/no/such/ca.pem': No such file or directory");
  TemporaryFile garbage("not a certificate");
  settings.tls.ca_file = garbage.path();
  CHECK_THAT(reading_error(settings).message,
             Catch::StartsWith(fmt::format("cannot use the CA file '{}': ", garbage.path())));
  settings = shared_broker().tls_settings();
  settings.tls.key_file = garbage.path();
  CHECK_THAT(reading_error(settings).message,
             Catch::StartsWith(
                 fmt::format("cannot use the client certificate's key '{}': ", garbage.path())));
}

TEST_CASE("TLS to a port without it") {
  auto settings = shared_broker().tls_settings();
  settings.port = shared_broker().settings().port;
  CHECK(reading_error(settings).message ==
        fmt::format("TLS handshake with {} failed: is this its TLS port (5671 by default)?",
                    peer(settings)));
}

}  // namespace jobscaler::rabbitmq::test
