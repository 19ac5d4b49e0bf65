#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "config/config.h"

namespace jobscaler {
namespace {

/// A file that is gone at the end of the test.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& content) {
    const int descriptor = mkstemp(path_.data());
    REQUIRE(descriptor >= 0);
    close(descriptor);
    write(content);
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  void write(const std::string& content) const { std::ofstream(path_) << content; }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / "jobscaler-secret-XXXXXX";
};

std::string secret_in(const std::string& content) {
  const TemporaryFile file(content);
  const auto secret = read_secret({Secret::Origin::file, file.path()});
  return secret ? *secret : "error: " + secret.error().message;
}

TEST_CASE("a secret in a file is its content without one line end") {
  CHECK(secret_in("hunter2") == "hunter2");
  CHECK(secret_in("hunter2\n") == "hunter2");
  CHECK(secret_in("hunter2\r\n") == "hunter2");
  CHECK(secret_in("hunter2\n\n") == "hunter2\n");
  CHECK(secret_in(" hunter 2 ") == " hunter 2 ");
}

TEST_CASE("a secret's file is read each time") {
  const TemporaryFile file("old\n");
  const Secret secret{Secret::Origin::file, file.path()};
  CHECK(*read_secret(secret) == "old");
  file.write("new\n");
  CHECK(*read_secret(secret) == "new");
}

TEST_CASE("a secret's file that cannot be used is named, with what is wrong with it") {
  const auto directory = std::filesystem::temp_directory_path().string();
  CHECK(read_secret({Secret::Origin::file, "/nowhere/secret"}).error() ==
        Error{ErrorKind::not_found,
              "secret file /nowhere/secret cannot be read: No such file or directory"});
  CHECK(
      read_secret({Secret::Origin::file, directory}).error() ==
      Error{ErrorKind::not_found, "secret file " + directory + " cannot be read: Is a directory"});
  const TemporaryFile file("\n");
  const Secret secret{Secret::Origin::file, file.path()};
  CHECK(read_secret(secret).error() ==
        Error{ErrorKind::not_found, "secret file " + file.path() + " is empty"});
  file.write(std::string(65'537, 'x'));
  CHECK(read_secret(secret).error() ==
        Error{ErrorKind::not_found, "secret file " + file.path() + " is larger than 65536 bytes"});
}

TEST_CASE("a file without an end is not read for ever") {
  CHECK(read_secret({Secret::Origin::file, "/dev/zero"}).error().message ==
        "secret file /dev/zero is larger than 65536 bytes");
}

TEST_CASE("a secret in the environment is the variable's value") {
  const Secret secret{Secret::Origin::env, "JOBSCALER_TEST_SECRET"};
  setenv("JOBSCALER_TEST_SECRET", "hunter2", 1);
  CHECK(*read_secret(secret) == "hunter2");
  setenv("JOBSCALER_TEST_SECRET", "", 1);
  CHECK(read_secret(secret).error() ==
        Error{ErrorKind::not_found, "environment variable JOBSCALER_TEST_SECRET is empty"});
  unsetenv("JOBSCALER_TEST_SECRET");
  CHECK(read_secret(secret).error() ==
        Error{ErrorKind::not_found, "environment variable JOBSCALER_TEST_SECRET is not set"});
}

TEST_CASE("no secret is an empty one") {
  CHECK(read_secret(Secret())->empty());
}

TEST_CASE("a secret whose file is not there yet is no mistake in the configuration") {
  const ParsedConfig parsed = parse_config(R"(
connections: {rabbit: {rabbitmq: {host: rabbit, password: {file: /nowhere/secret}}}}
scalers:
  - name: orders
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 0}
    workers: {max: 5}
    job: {template: {spec: {containers: [{name: worker, image: worker:1}]}}}
)");
  CHECK(parsed.problems.empty());
  CHECK(parsed.config.has_value());
}

}  // namespace
}  // namespace jobscaler
