#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "broker.h"
#include "collector.h"
#include "test_client.h"

namespace jobscaler::kafka::test {
namespace {

struct Scene {
  Scene() {
    TestClient client(shared_broker().address());
    client.create_topic(topic, 1);
    client.produce({topic, 0}, 3);
  }
  std::vector<Group> groups() const { return {{.scaler = "s", .group = group, .topics = {topic}}}; }

  std::string topic = new_name("secure"), group = new_name("g");
};

/// Wrong passwords are told by librdkafka's own words once; the reading's deadline passes first.
KafkaConnection impatient(KafkaConnection settings) {
  settings.timeout = std::chrono::seconds(3);
  return settings;
}

class PasswordFile {
 public:
  explicit PasswordFile(const std::string& password)
      : path_(std::filesystem::temp_directory_path() /
              new_name(fmt::format("kafka-password-{}", getpid()))) {
    write(password);
  }
  ~PasswordFile() { std::filesystem::remove(path_); }
  void write(const std::string& password) { std::ofstream(path_) << password; }
  Secret secret() const { return {Secret::Origin::file, path_}; }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("over TLS, with the broker's certificate checked") {
  const Scene scene;
  Fixture fixture(shared_broker().tls_settings(), scene.groups());
  CHECK(fixture.read()->waiting == 3);
}

TEST_CASE("a certificate of an unknown CA is refused, unless it is not to be checked") {
  const Scene scene;
  auto settings = shared_broker().tls_settings();
  settings.timeout = std::chrono::seconds(1);
  settings.security.tls.ca_file = "";
  Fixture fixture(settings, scene.groups());
  // librdkafka has several ways to say so.
  for (int i = 0; i < 8; ++i) {
    const auto refused = fixture.read();
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == ErrorKind::rejected);
    CHECK_THAT(refused.error().message, Catch::Contains(settings.brokers[0]) &&
                                            Catch::Contains("certificate verify failed"));
  }
  settings.security.tls.verify = false;
  Fixture unchecked(settings, scene.groups());
  CHECK(unchecked.read_until(is_ok)->waiting == 3);
}

TEST_CASE("a CA that cannot be read is said by its name") {
  const Scene scene;
  auto settings = shared_broker().tls_settings();
  settings.security.tls.ca_file = "/nowhere/ca.pem";
  Fixture fixture(settings, scene.groups());
  const auto reading = fixture.read();
  REQUIRE_FALSE(reading.ok());
  CHECK(reading.error().kind == ErrorKind::rejected);
  CHECK_THAT(reading.error().message,
             Catch::EndsWith("the file /nowhere/ca.pem cannot be read: No such file or directory"));
}

TEST_CASE("as a user, by each mechanism") {
  const Scene scene;
  const auto mechanism =
      GENERATE(SaslMechanism::plain, SaslMechanism::scram_sha_256, SaslMechanism::scram_sha_512);
  Fixture fixture(shared_broker().sasl_settings(mechanism), scene.groups());
  CHECK(fixture.read()->waiting == 3);
}

TEST_CASE("as a user over TLS") {
  const Scene scene;
  auto settings = shared_broker().sasl_settings(SaslMechanism::scram_sha_512);
  settings.brokers = {shared_broker().variable("KAFKA_SASL_TLS_BROKER")};
  settings.security.tls = shared_broker().tls_settings().security.tls;
  Fixture fixture(settings, scene.groups());
  CHECK(fixture.read()->waiting == 3);
}

TEST_CASE(
    "a wrong password is told in the broker's words, never shown, and read again when changed") {
  const Scene scene;
  const auto mechanism = GENERATE(SaslMechanism::plain, SaslMechanism::scram_sha_256);
  auto settings = impatient(shared_broker().sasl_settings(mechanism));
  PasswordFile file("not-the-secret");
  settings.security.password = file.secret();
  Fixture fixture(settings, scene.groups());
  for (int i = 0; i < 2; ++i) {
    const auto reading = fixture.read();
    REQUIRE_FALSE(reading.ok());
    CHECK(reading.error().kind == ErrorKind::rejected);
    CHECK_THAT(reading.error().message, Catch::Contains(settings.brokers[0]) &&
                                            Catch::Contains("Authentication failed") &&
                                            !Catch::Contains("not-the-secret"));
  }
  INFO(fixture.collector().notes());
  CHECK(fixture.notes_with("Authentication failed") == 1);
  CHECK(fixture.notes_with("not-the-secret") == 0);
  file.write(shared_broker().variable("KAFKA_PASSWORD"));
  CHECK(fixture.read_until(is_ok)->waiting == 3);
}

TEST_CASE("a password that cannot be read is said by its name") {
  const Scene scene;
  auto settings = shared_broker().sasl_settings(SaslMechanism::plain);
  settings.security.password = {Secret::Origin::file, "/nowhere/password"};
  Fixture fixture(settings, scene.groups());
  const auto reading = fixture.read();
  REQUIRE_FALSE(reading.ok());
  CHECK(reading.error().kind == ErrorKind::not_found);
  CHECK_THAT(reading.error().message, Catch::Contains("/nowhere/password"));
}

TEST_CASE("a group that the user may not describe is told in the broker's words") {
  const Scene scene;
  TestClient(shared_broker().address()).let_describe_group("somebody-else", scene.group);
  const auto settings = impatient(shared_broker().sasl_settings(SaslMechanism::plain));
  Fixture fixture(settings, scene.groups());
  for (int i = 0; i < 2; ++i) {
    const auto reading = fixture.read();
    REQUIRE_FALSE(reading.ok());
    CHECK(reading.error().kind == ErrorKind::rejected);
    CHECK(reading.error().message == "kafka test: " + settings.brokers[0] +
                                         " answered while asking for committed offsets: Broker: "
                                         "Group authorization failed");
  }
  TestClient(shared_broker().address()).let_describe_group("scaler", scene.group);
  CHECK(fixture.read_until(is_ok)->waiting == 3);
}

TEST_CASE("a group that the user may not describe takes no time from the others") {
  const Scene scene;
  const auto denied = new_name("denied"), other = new_name("g");  // in the order they are asked in
  TestClient(shared_broker().address()).let_describe_group("somebody-else", denied);
  std::vector<Group> groups;
  for (const auto& name : {denied, scene.group, other}) {
    groups.push_back({.scaler = name, .group = name, .topics = {scene.topic}});
  }
  const auto settings = impatient(shared_broker().sasl_settings(SaslMechanism::plain));
  const auto lines = check(settings, groups);  // one round
  REQUIRE(lines.size() == 4);
  CHECK(lines[1].status == CheckLine::Status::fail);
  CHECK_THAT(lines[1].text, Catch::EndsWith("Group authorization failed"));
  for (std::size_t good : {2U, 3U}) {
    CHECK_THAT(lines[good].text, Catch::StartsWith("3 waiting"));
  }
}

TEST_CASE("a property that librdkafka does not know is said by its name") {
  const Scene scene;
  auto settings = shared_broker().settings();
  settings.properties = {{"no.such.property", "1"}};
  Fixture fixture(settings, scene.groups());
  const auto reading = fixture.read();
  REQUIRE_FALSE(reading.ok());
  CHECK(reading.error().message ==
        "kafka test: librdkafka does not take the property no.such.property: No such "
        "configuration property: \"no.such.property\"");
}

TEST_CASE("check says what each group looks like, and what is wrong") {
  const Scene scene;
  auto groups = scene.groups();
  groups.push_back({.scaler = "t", .group = "lost", .topics = {"no-such-topic"}});
  const auto lines = check(shared_broker().settings(), groups);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].status == CheckLine::Status::ok);
  CHECK(lines[0].text == "connected to " + shared_broker().address());
  CHECK(lines[1].status == CheckLine::Status::warn);
  CHECK(lines[1].subject == "group " + scene.group + " on " + scene.topic);
  CHECK_THAT(
      lines[1].text,
      Catch::StartsWith("3 waiting in 1 of 1 partition; oldest <= ") &&
          Catch::EndsWith(" (record); work for 1 worker; it has committed no offset for " +
                          scene.topic + "/0 (1 of 1 partitions): counted from the log's start"));
  CHECK(lines[2].status == CheckLine::Status::fail);
  CHECK(lines[2].subject == "group lost on no-such-topic");
  CHECK(lines[2].text == "there is no topic no-such-topic on " + shared_broker().address());
}

TEST_CASE("check says why a cluster cannot be reached") {
  auto settings = impatient(shared_broker().settings());
  settings.brokers = {"127.0.0.1:1"};
  const auto lines = check(settings, {{.scaler = "s", .group = "g", .topics = {"t"}}});
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].status == CheckLine::Status::fail);
  CHECK_THAT(lines[0].text, Catch::Contains("127.0.0.1:1") && Catch::Contains("refused"));
}

}  // namespace jobscaler::kafka::test
