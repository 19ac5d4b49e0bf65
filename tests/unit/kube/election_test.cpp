#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "kube/election.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace std::chrono_literals;

namespace {

TimePoint at(Duration time) {
  return TimePoint(1h + time);
}

/// The Lease as the API server keeps it: a write is refused if it has changed since it was read.
struct Lease {
  std::optional<LeaseRecord> record;
  int version = 1;

  bool write(const std::optional<LeaseRecord>& next, int read_version) {
    if (read_version != version) return false;
    record = next;
    ++version;
    return true;
  }
};

/// A daemon's part in it, in looks that take no time unless a test takes them apart.
struct Daemon {
  explicit Daemon(const std::string& name, Lease& shared, double dice = 0)
      : lease(shared), election(name, [dice] { return dice; }), clock(name) {}

  /// Returns whether it leads then.
  bool look(Duration now) {
    begin(now);
    if (read(now)) write(now);
    return leads(now);
  }
  void begin(Duration now) { election.look_began(at(now)); }
  bool read(Duration now) {
    version = lease.version;
    return election.saw(lease.record, at(now));
  }
  /// `lost`: the answer of a write that was done.
  bool write(Duration now, bool lost = false) {
    const auto claim = election.claim(fmt::format("{} {}", clock, now.count()));
    if (!lease.write(claim, version)) return false;
    if (!lost) election.wrote(at(now));
    return true;
  }
  bool release(Duration now) {
    const auto record = election.release(lease.record, fmt::format("{} {}", clock, now.count()));
    return record && lease.write(record, lease.version);
  }
  bool leads(Duration now) const { return at(now) < election.leads_until(); }

  Lease& lease;
  Election election;
  std::string clock;  // of people's times: every daemon's is another
  int version = 0;
};

struct Two {
  Lease lease;
  Daemon a{"a", lease};
  Daemon b{"b", lease};
};

}  // namespace

TEST_CASE("who finds no Lease, or one that says nothing, leads at once, and for 10 s") {
  Two two;
  REQUIRE(two.a.look(0s));
  CHECK(two.lease.record == LeaseRecord{"a", 15, "a 0", "a 0", 0});
  CHECK(two.a.election.leads_until() == at(10s));
  CHECK(two.a.leads(10s - 1ms));
  CHECK_FALSE(two.a.leads(10s));
}

TEST_CASE("a renewal keeps since when it leads, and is due every 2 s") {
  Two two;
  two.a.look(0s);
  CHECK(two.a.election.next_look() == at(2s));
  REQUIRE(two.a.look(2s));
  CHECK(two.lease.record == LeaseRecord{"a", 15, "a 0", "a 2000000000", 0});
  CHECK(two.a.election.leads_until() == at(12s));
}

TEST_CASE("looks are up to 0.4 s late at random, so that daemons do not stay in step") {
  Lease lease;
  Daemon late("a", lease, 0.999);
  late.look(0s);
  CHECK(late.election.next_look() > at(2390ms));
  CHECK(late.election.next_look() <= at(2400ms));
}

TEST_CASE("while one leads the other stands by, however long") {
  Two two;
  for (Duration now = 0s; now < 10min; now += 2s) {
    CHECK(two.a.look(now));
    CHECK_FALSE(two.b.look(now + 1s));
    CHECK(two.b.election.other_holder() == "a");
  }
  CHECK(two.a.election.other_holder().empty());
  CHECK(two.lease.record->transitions == 0);
}

TEST_CASE("whoever is killed is followed within 15 s, and not before it would have stopped") {
  const Duration seen = GENERATE(0ms, 1ms, 1200ms, 2400ms);  // after the last renewal
  Two two;
  two.a.look(0s);
  Duration now = seen;
  while (!two.b.look(now)) {
    const auto next = two.b.election.next_look() - at(0s);
    REQUIRE(next > now);
    now = next;
    REQUIRE(now < kLeaseDuration);
  }
  CHECK(at(now) > two.a.election.leads_until());
  CHECK(two.lease.record->holder == "b");
  CHECK(two.lease.record->transitions == 1);
  CHECK(two.lease.record->acquired == two.lease.record->renewed);
}

TEST_CASE("a daemon that comes new to a Lease waits for it, whatever its dates say") {
  for (const auto* date : {"1970-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z", ""}) {
    Lease lease;
    lease.record = LeaseRecord{"dead", 15, date, date, 7};
    Daemon b("b", lease);
    CHECK_FALSE(b.look(0s));
    CHECK_FALSE(b.look(kExpiry - 1ms));
    CHECK(b.election.next_look() == at(kExpiry));
    CHECK(b.look(kExpiry));
    CHECK(lease.record->transitions == 8);
  }
}

TEST_CASE("a holder whose clock is set back and forth is alive as long as its dates change") {
  Lease lease;
  Daemon b("b", lease);
  int second = 0;
  for (Duration now = 0s; now < 5min; now += 10s) {
    second = 59 - second;
    lease.record =
        LeaseRecord{"a", 15, "", fmt::format("2024-02-29T12:00:{:02}.000000Z", second), 0};
    ++lease.version;
    CHECK_FALSE(b.look(now));
  }
}

TEST_CASE("a change of the marks is no renewal") {
  Two two;
  two.a.look(0s);
  for (Duration now = 0s; now < kExpiry; now += 1s) {
    CHECK_FALSE(two.b.look(now));
    ++two.lease.version;
  }
  CHECK(two.b.look(kExpiry));
}

TEST_CASE("a duration that somebody else wrote shortens nothing") {
  Lease lease;
  lease.record = LeaseRecord{"a", 1, "", "", 0};
  Daemon b("b", lease);
  CHECK_FALSE(b.look(0s));
  CHECK_FALSE(b.look(10s));
}

TEST_CASE("a Lease that is released is taken at the next look") {
  Two two;
  two.a.look(0s);
  CHECK_FALSE(two.b.look(1s));
  REQUIRE(two.a.release(1500ms));
  CHECK_FALSE(two.a.leads(1500ms));
  CHECK(two.lease.record == LeaseRecord{"", 1, "a 1500000000", "a 1500000000", 0});
  CHECK(two.b.look(3s));
  CHECK(two.lease.record->transitions == 1);
}

TEST_CASE("what another has taken is not released") {
  Two two;
  two.a.look(0s);
  two.b.look(1s);
  two.b.look(1s + kExpiry);
  CHECK_FALSE(two.a.release(20s));
  CHECK(two.lease.record->holder == "b");
}

TEST_CASE("a daemon started again under its own name goes on at once") {
  Lease lease;
  Daemon("a", lease).look(0s);
  Daemon again("a", lease);
  CHECK(again.look(1s));
  CHECK(lease.record == LeaseRecord{"a", 15, "a 0", "a 1000000000", 0});
}

TEST_CASE("of two that want a free Lease at the same moment one gets it") {
  Two two;
  two.a.begin(0s);
  two.b.begin(0s);
  REQUIRE(two.a.read(0s));
  REQUIRE(two.b.read(0s));
  CHECK(two.b.write(0s));
  CHECK_FALSE(two.a.write(0s));
  CHECK_FALSE(two.a.leads(0s));
  CHECK_FALSE(two.a.look(1s));
}

TEST_CASE("a claim whose answer is lost is no leadership until it is seen") {
  Two two;
  two.a.begin(0s);
  REQUIRE(two.a.read(0s));
  REQUIRE(two.a.write(0s, true));
  CHECK_FALSE(two.a.leads(1ms));
  CHECK_FALSE(two.b.look(1s));
  CHECK(two.a.look(2s));
}

TEST_CASE("renewals whose answers are lost prolong nothing") {
  Two two;
  two.a.look(0s);
  for (const Duration now : {2s, 4s, 6s, 8s}) {
    two.a.begin(now);
    REQUIRE(two.a.read(now));
    REQUIRE(two.a.write(now, true));
  }
  CHECK(two.a.election.leads_until() == at(10s));
  CHECK(two.a.look(9s));
  CHECK(two.a.election.leads_until() == at(19s));
}

TEST_CASE("a renewal counts from when it left, however late its answer comes") {
  Two two;
  two.a.look(0s);
  two.a.begin(2s);
  REQUIRE(two.a.read(2s));
  REQUIRE(two.a.write(2s));  // and the answer comes at 13 s
  CHECK_FALSE(two.a.leads(13s));
}

TEST_CASE("a leader that was stopped for longer than its lease does not lead when it wakes up") {
  Two two;
  two.a.look(0s);
  CHECK_FALSE(two.b.look(1s));
  // Asleep before its write left, it finds it refused.
  two.a.begin(2s);
  REQUIRE(two.a.read(2s));
  REQUIRE(two.b.look(1s + kExpiry));
  CHECK_FALSE(two.a.leads(20s));
  CHECK_FALSE(two.a.write(20s));
  CHECK_FALSE(two.a.look(20s));
  CHECK(two.a.election.other_holder() == "b");
}

TEST_CASE("a standby that was stopped does not take its own silence for the leader's") {
  Two two;
  two.a.look(0s);
  CHECK_FALSE(two.b.look(1s));
  for (Duration now = 2s; now <= 60s; now += 2s) two.a.look(now);
  // What it had read before it slept looks as if nothing had changed.
  two.b.begin(61s);
  const auto old = LeaseRecord{"a", 15, "a 0", "a 0", 0};
  two.b.version = two.lease.version - 1;
  CHECK(two.b.election.saw(old, at(61s)));
  CHECK_FALSE(two.b.write(61s));
  CHECK_FALSE(two.b.look(62s));
}

TEST_CASE("who sees another's name on its Lease stops at once") {
  Two two;
  two.a.look(0s);
  two.lease.write(LeaseRecord{"somebody", 15, "", "", 1}, two.lease.version);
  CHECK_FALSE(two.a.look(2s));
  CHECK(two.a.election.other_holder() == "somebody");
  CHECK(two.a.look(2s + kExpiry));
}

TEST_CASE("a Lease that was deleted does not free a standby from waiting for the leader") {
  Two two;
  two.a.look(0s);
  CHECK_FALSE(two.b.look(1s));
  two.lease.write(std::nullopt, two.lease.version);
  CHECK_FALSE(two.b.look(3s));
  CHECK(two.a.look(4s));  // writes it again
  CHECK_FALSE(two.b.look(5s));
  two.lease.write(std::nullopt, two.lease.version);
  CHECK(two.b.look(5s + kExpiry));
}

TEST_CASE("a Lease that ran out is not looked at without a pause while it cannot be taken") {
  Two two;
  two.a.look(0s);
  two.b.look(0s);
  two.b.begin(13s);  // it cannot be read
  CHECK(two.b.election.next_look() == at(15s));
}

TEST_CASE("in any order of looks, pauses and lost answers no two lead at once") {
  std::mt19937 dice(GENERATE(range(0, 50)));
  const auto chance = [&](int percent) { return static_cast<int>(dice() % 100) < percent; };
  Lease lease;
  std::vector<Daemon> daemons;
  for (const auto* name : {"a", "b", "c"}) daemons.emplace_back(name, lease, 0.5);
  std::vector<Duration> awake_at(daemons.size(), 0s);
  int led = 0;
  for (Duration now = 0s; now < 10min; now += 50ms) {
    for (std::size_t i = 0; i < daemons.size(); ++i) {
      auto& daemon = daemons[i];
      if (now < awake_at[i] || at(now) < daemon.election.next_look()) continue;
      if (chance(3)) awake_at[i] = now + std::chrono::seconds(dice() % 40);
      daemon.begin(now);
      if (chance(10) || !daemon.read(now)) continue;  // the read fails, or it stands by
      if (chance(10)) ++lease.version;                // a mark is written
      if (chance(90)) daemon.write(now, chance(10));
    }
    const auto leaders = std::count_if(daemons.begin(), daemons.end(),
                                       [&](const Daemon& d) { return d.leads(now); });
    REQUIRE(leaders <= 1);
    led += static_cast<int>(leaders);
  }
  CHECK(led > 6000);  // of 12,000 moments
}

TEST_CASE("the number of holders stays one that the API server takes") {
  constexpr std::int64_t kMost = 2147483647;
  const auto after = [](std::int64_t transitions) {
    Lease lease;
    lease.record = LeaseRecord{"", 15, "a", "r", transitions};
    Daemon one("one", lease);
    REQUIRE(one.look(0s));
    return lease.record->transitions;
  };
  CHECK(after(kMost - 1) == kMost);
  CHECK(after(kMost) == kMost);
  CHECK(after(kMost + 1) == kMost);
  CHECK(after(-7) == 1);
}

TEST_CASE("a time that was taken off our Lease by hand is put on it again") {
  Lease lease;
  Daemon us("us", lease);
  REQUIRE(us.look(0s));
  lease.record->acquired.clear();
  REQUIRE(us.look(2s));
  CHECK_FALSE(lease.record->acquired.empty());
}
