// Who acts, of several clients with one Lease.

#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "client.h"
#include "target.h"

namespace kube_suite {

using namespace jobscaler;

namespace {

ClientOptions in(const Namespace& space) {
  ClientOptions options;
  options.kubeconfig = target().kubeconfig();
  options.name_space = space.name();
  return options;
}

std::string lease_path(const Namespace& space) {
  return space.leases("jobscaler-suite");
}

/// The client's first word on who leads.
event::LeadershipChanged first_election(Client& client) {
  return client.recorder().expect<event::LeadershipChanged>("the election",
                                                            [](const auto&) { return true; });
}

}  // namespace

TEST_CASE("of two clients the first leads, and the other when it has stopped") {
  const Namespace space;
  Client first(in(space));
  Client second(in(space));
  first.start();
  REQUIRE(first_election(first).leader);
  const auto holder = target().get(lease_path(space)).text("spec/holderIdentity");
  second.start();
  const auto election = first_election(second);
  CHECK_FALSE(election.leader);
  CHECK(election.holder == holder);
  CHECK(second.create(1).kind == CreateOutcome::Kind::too_old);
  REQUIRE(first.create(1).kind == CreateOutcome::Kind::created);
  first.stop();
  second.expect_to_lead();
  CHECK(second.create(2).kind == CreateOutcome::Kind::created);
  CHECK(target().get(lease_path(space)).text("spec/holderIdentity") != holder);
}

TEST_CASE("marks and renewals of one Lease do not lose each other") {
  const Namespace space;
  Client client(in(space));
  client.start();
  REQUIRE(first_election(client).leader);
  const auto renewed = [&] { return target().get(lease_path(space)).text("spec/renewTime"); };
  auto last = renewed();
  std::int64_t mark = 0;
  for (int renewals = 0; renewals < 3; ++renewals) {
    eventually("a renewal", [&] {
      client.record(++mark);
      return renewed() != last;
    });
    last = renewed();
  }
  const auto written = fmt::format(R"("jobscaler.io/mark-orders":"{}")", mark);
  eventually("the last mark",
             [&] { return contains(target().get(lease_path(space)).body, written); });
  std::size_t elections = 0;
  for (const auto& event : client.recorder().events()) {
    elections += std::holds_alternative<event::LeadershipChanged>(event);
  }
  CHECK(elections == 1);
}

}  // namespace kube_suite
