// Tokens with too few rights, and what `check` says about them.

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "client.h"
#include "target.h"

namespace kube_suite {

using namespace jobscaler;
using Status = CheckLine::Status;

namespace {

constexpr auto kReadJobs =
    R"([{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch"]}])";
constexpr auto kAllButCreate =
    R"([{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch", "delete"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},
        {"apiGroups": [""], "resources": ["events"], "verbs": ["list"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]}])";

constexpr auto kAllButDelete =
    R"([{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["get", "list", "watch", "create"]},
        {"apiGroups": [""], "resources": ["pods"], "verbs": ["list", "watch"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create", "update"]}])";

constexpr auto kAllButUpdate =
    R"([{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["pods", "events"], "verbs": ["list", "watch"]},
        {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["get", "create"]}])";

ClientOptions with_rules(const Namespace& space, const char* rules) {
  ClientOptions options;
  options.kubeconfig = target().kubeconfig_for(space.token_with(rules));
  options.name_space = space.name();
  return options;
}

CheckLine line_of(const std::vector<CheckLine>& lines, const std::string& subject) {
  for (const auto& line : lines) {
    if (contains(line.subject, subject)) return line;
  }
  FAIL("check says nothing about " << subject);
  return {};
}

}  // namespace

TEST_CASE("a missing permission to create is said with verb, resource and namespace") {
  const Namespace space;
  Client client(with_rules(space, kAllButCreate));
  client.start();
  const auto outcome = client.create(1);
  CHECK(outcome.kind == CreateOutcome::Kind::refused);
  CHECK(contains(outcome.words, "create"));
  CHECK(contains(outcome.words, "jobs"));
  CHECK(contains(outcome.words, space.name()));
}

TEST_CASE("a missing permission to list pods keeps the workers unknown, and is said") {
  const Namespace space;
  Client client(with_rules(space, kReadJobs));
  client.cluster().start();
  const auto note = client.recorder().expect_note("list");
  CHECK((contains(note.text, "pods") || contains(note.text, "leases")));
  CHECK(contains(client.recorder().expect_note("pods").text, space.name()));
  for (const auto& event : client.recorder().events()) {
    CHECK_FALSE(std::holds_alternative<event::WorkersListed>(event));
  }
}

TEST_CASE("a missing permission to update Leases keeps a daemon from leading, and is said") {
  const Namespace space;
  const auto options = with_rules(space, kAllButUpdate);
  {
    Client first(options);
    first.start();  // the Lease it may create
    CHECK(first.create(1).kind == CreateOutcome::Kind::created);
  }
  Client next(options);
  next.cluster().start();
  const auto note = next.recorder().expect_note("cannot take Lease jobscaler-suite, retrying: ");
  CHECK(contains(note.text, "not allowed to update leases.coordination.k8s.io"));
  CHECK(contains(note.text, space.name()));
}

TEST_CASE("a token that the server does not know is said") {
  const Namespace space;
  ClientOptions options;
  options.kubeconfig = target().kubeconfig_for("no-such-token");
  options.name_space = space.name();
  Client client(options);
  client.cluster().start();
  const auto note = client.recorder().expect_note("cannot take Lease");
  CHECK(contains(note.text, "401"));
  for (const auto& said : client.recorder().notes()) {
    CHECK_FALSE(contains(said.text, "no-such-token"));
  }
}

TEST_CASE("each permission that is missing is said at start, with verb, resource and namespace") {
  const Namespace space;
  Client client(with_rules(space, kAllButDelete));
  client.cluster().start();
  const auto note = client.recorder().expect_note("permission delete jobs.batch");
  CHECK(note.level == Level::error);
  CHECK(note.text ==
        fmt::format("permission delete jobs.batch: not granted in namespace {}; add it "
                    "to the Role",
                    space.name()));
  CHECK(client.recorder().expect_note("permission list events").level == Level::warn);
}

TEST_CASE("check finds nothing wrong where nothing is") {
  const Namespace space;
  ClientOptions options;
  options.kubeconfig = target().kubeconfig();
  options.name_space = space.name();
  const Client client(options);
  const auto lines = client.check();
  for (const auto& line : lines) {
    INFO(line.subject << ": " << line.text);
    // The only thing to say about an old server.
    CHECK((line.status == Status::ok ||
           contains(line.text, "a server before 1.25 does not report unknown fields")));
  }
  CHECK(
      contains(line_of(lines, "kubernetes").text, fmt::format("version v1.{}", target().minor())));
  CHECK(line_of(lines, "job template").text == "accepted in a dry run");
}

TEST_CASE("check names each permission that is missing") {
  const Namespace space;
  const Client client(with_rules(space, kReadJobs));
  const auto lines = client.check();
  const auto create = line_of(lines, "permission create jobs.batch");
  CHECK(create.status == Status::fail);
  CHECK(create.text ==
        fmt::format("not granted in namespace {}; add it to the Role", space.name()));
  CHECK(line_of(lines, "permission list pods").status == Status::fail);
  CHECK(line_of(lines, "permission list events").status == Status::warn);
  CHECK(line_of(lines, "permission update leases.coordination.k8s.io").status == Status::fail);
  CHECK(line_of(lines, "permission list jobs.batch").status == Status::ok);
}

}  // namespace kube_suite
