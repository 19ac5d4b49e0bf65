#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <optional>

#include "kube/identity.h"

using jobscaler::kube::Identity;

namespace {

/// Of this process only: tests run at the same time.
std::string scope(const std::string& name) {
  return name + std::to_string(getpid());
}

}  // namespace

TEST_CASE("who comes after has the same name, and who comes besides has another") {
  std::optional<Identity> first(scope("l"));
  const auto name = first->name();
  const Identity besides(scope("l"));
  CHECK(besides.name() != name);
  const Identity third(scope("l"));
  CHECK(third.name() != name);
  CHECK(third.name() != besides.name());
  first.reset();
  const Identity after(scope("l"));
  CHECK(after.name() == name);
}

TEST_CASE("a name says which host, and is another for another Lease") {
  std::array<char, 256> host{};
  REQUIRE(gethostname(host.data(), host.size() - 1) == 0);
  const Identity one(scope("one"));
  const Identity other(scope("other"));
  CHECK(one.name().rfind(std::string(host.data()) + "_", 0) == 0);
  CHECK(one.name().size() == std::string(host.data()).size() + 17);
  CHECK(one.name() != other.name());
}

TEST_CASE("a process that was killed leaves its name to the next") {
  const auto shared = scope("killed");
  std::array<int, 2> pipe_ends{};
  REQUIRE(pipe(pipe_ends.data()) == 0);
  const auto child = fork();
  if (child == 0) {
    const Identity identity(shared);
    const auto& name = identity.name();
    if (write(pipe_ends[1], name.data(), name.size()) < 0) _exit(1);
    while (true) pause();
  }
  REQUIRE(child > 0);
  std::array<char, 512> name{};
  REQUIRE(read(pipe_ends[0], name.data(), name.size() - 1) > 0);
  CHECK(Identity(shared).name() != name.data());
  kill(child, SIGSTOP);
  CHECK(Identity(shared).name() != name.data());  // it may wake up
  kill(child, SIGKILL);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK(Identity(shared).name() == name.data());
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}
