// The names' high-water marks on our Lease.

#include <catch2/catch.hpp>

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

std::map<std::string, std::int64_t> marks_of(Client& client) {
  return client.recorder()
      .expect<event::MarksLoaded>("the marks", [](const auto&) { return true; })
      .marks;
}

/// What a client that starts now reads.
std::int64_t mark_now(const Namespace& space) {
  Client client(in(space));
  client.start();
  const auto marks = marks_of(client);
  const auto found = marks.find("orders");
  return found == marks.end() ? 0 : found->second;
}

std::string lease_path(const Namespace& space) {
  return space.leases(target().get(space.leases()).text("items/0/metadata/name"));
}

}  // namespace

TEST_CASE("a first start finds no marks and makes a Lease") {
  const Namespace space;
  Client client(in(space));
  client.start();
  CHECK(marks_of(client).empty());
  CHECK(target().get(lease_path(space)).status == 200);
}

TEST_CASE("a mark comes back after a restart") {
  const Namespace space;
  Client client(in(space));
  client.start();
  client.record(7);
  eventually("the mark is written", [&] { return mark_now(space) == 7; });
}

TEST_CASE("a mark is never lowered, not even by a client that knows less") {
  const Namespace space;
  Client ahead(in(space));
  Client behind(in(space));
  ahead.start();
  behind.start();
  ahead.record(9);
  eventually("the mark is written", [&] { return mark_now(space) == 9; });
  behind.record(4);
  behind.record(5);
  behind.create(6);  // answered after the marks were looked at
  CHECK(mark_now(space) == 9);
  behind.record(12);
  eventually("the higher mark is written", [&] { return mark_now(space) == 12; });
}

TEST_CASE("two clients that raise the mark at the same time end at the higher one") {
  const Namespace space;
  Client one(in(space));
  Client two(in(space));
  one.start();
  two.start();
  for (int mark = 1; mark <= 20; ++mark) (mark % 2 == 0 ? one : two).record(mark);
  eventually("the highest mark is written", [&] { return mark_now(space) == 20; });
}

TEST_CASE("what others write on the Lease stays") {
  const Namespace space;
  Client client(in(space));
  client.start();
  const auto path = lease_path(space);
  REQUIRE(target()
              .merge(path, R"({"metadata": {"annotations": {"somebody/else": "was here"}}, )"
                           R"("spec": {"holderIdentity": "them"}})")
              .status == 200);
  client.record(3);
  eventually("the mark is written", [&] { return mark_now(space) == 3; });
  const auto lease = target().get(path);
  CHECK(contains(lease.body, R"("somebody/else":"was here")"));
  CHECK(lease.text("spec/holderIdentity") == "them");
}

}  // namespace kube_suite
