// Everything at once, many times: the fakes check every promise on every step; what is checked here
// is that once the bad days are over, the work gets done.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "scenario.h"

using namespace jobscaler;
using namespace jobscaler::scenario;

namespace {

constexpr int kScalers = 4;

ScalerSpec random_scaler(World& dice, const std::string& name) {
  ScalerSpec scaler = scaler_named(name, 1 + static_cast<int>(dice.pick(6)));
  if (dice.chance(0.5)) scaler.messages_per_worker = 1 + dice.pick(20);
  if (dice.chance(0.3)) scaler.oldest_above = minutes(1);
  if (dice.chance(0.2)) scaler.min_workers = 1;
  scaler.node_groups = dice.chance(0.4)   ? std::vector<std::string>{"default", "spot"}
                       : dice.chance(0.5) ? std::vector<std::string>{"spot"}
                                          : std::vector<std::string>{"default"};
  scaler.ready_timeout = minutes(2);
  scaler.stuck_keep = minutes(1);
  return scaler;
}

EngineSpec random_spec(World& dice) {
  EngineSpec spec;
  for (const char* name : {"default", "spot"}) {
    NodeGroupSpec group = group_named(name, 1 + static_cast<int>(dice.pick(3)));
    if (dice.chance(0.3)) group.max_workers = 6;
    group.node_timeout = minutes(3);
    spec.node_groups.push_back(group);
  }
  for (int i = 0; i < kScalers; ++i) {
    spec.scalers.push_back(random_scaler(dice, fmt::format("s{}", i)));
  }
  return spec;
}

Image random_image(World& dice) {
  Image image;
  switch (dice.pick(10)) {
    case 0:
      image.kind = Image::Kind::crashes;
      break;
    case 1:
      image.kind = Image::Kind::cannot_pull;
      break;
    case 2:
      image.kind = Image::Kind::never_ready;
      break;
    case 3:
      image.kind = Image::Kind::exits_at_once;
      break;
    case 4:
      image.kind = Image::Kind::no_pod;
      break;
    default:
      break;
  }
  image.startup = milliseconds(200 + dice.pick(20'000));
  image.prefetch = 1 + static_cast<int>(dice.pick(5));
  image.flaps = dice.chance(0.2);
  image.crash_chance = dice.chance(0.3) ? 0.05 : 0;
  return image;
}

Faults random_faults(World& dice) {
  Faults faults;
  faults.lost_creates = dice.chance(0.5) ? 0.1 : 0;
  faults.lost_answers = dice.chance(0.5) ? 0.1 : 0;
  faults.late_creates = dice.chance(0.5) ? 0.1 : 0;
  faults.stale_events = dice.chance(0.5) ? 0.2 : 0;
  faults.failed_reads = dice.chance(0.5) ? 0.2 : 0;
  return faults;
}

/// A person deletes a Job. With two daemons that would take away the lock that its name is: one of
/// them may use the number again before it has heard of the Job.
void delete_something(Scenario& s) {
  if (s.daemons() > 1 || s.daemon().faults.late_creates > 0) return;
  const auto jobs = s.cluster.list();
  if (!jobs.empty()) s.cluster.delete_by_hand(jobs[s.world.pick(jobs.size())].name);
}

/// An edit of anything: scalers come and go, are paused, observed, moved, given other limits. A
/// daemon that is stopped would go by the old limits for a moment when it goes on.
void edit(Scenario& s) {
  World& dice = s.world;
  for (std::size_t i = 0; i < s.daemons(); ++i) s.daemon(i).thaw();
  Reconfiguration change{.spec = random_spec(dice)};
  std::erase_if(change.spec.scalers, [&](const ScalerSpec&) { return dice.chance(0.2); });
  for (ScalerSpec& scaler : change.spec.scalers) {
    scaler.paused = dice.chance(0.1);
    if (dice.chance(0.1)) scaler.mode = ScalerSpec::Mode::observe;
    if (dice.chance(0.2)) scaler.poll_interval = seconds(1 + dice.pick(20));
    if (dice.chance(0.2)) change.new_queues.insert(scaler.name);
    if (dice.chance(0.2)) change.new_jobs.insert(scaler.name);
  }
  s.reconfigure(change);
}

/// One thing that may happen in a bad hour.
void mishap(Scenario& s) {
  World& dice = s.world;
  FakeDaemon& daemon = s.daemon(dice.pick(s.daemons()));
  const std::string scaler = fmt::format("s{}", dice.pick(kScalers));
  switch (dice.pick(12)) {
    case 0:
      if (daemon.running()) daemon.kill();
      break;
    case 1:
      if (!daemon.running()) daemon.start();
      break;
    case 2:
      daemon.freeze();
      break;
    case 3:
      daemon.thaw();
      break;
    case 4:
      daemon.cut_watch();
      break;
    case 5:
      daemon.list_time = milliseconds(20 + dice.pick(10'000));
      daemon.pods_lag = milliseconds(dice.pick(5000));
      daemon.faults.fail_next_list = dice.chance(0.2);
      daemon.mend_watch(static_cast<FakeDaemon::Return>(dice.pick(3)));
      break;
    case 6:
      s.cluster.image(scaler) = random_image(dice);
      break;
    case 7:
      s.cluster.queue(scaler).publish(static_cast<int>(dice.pick(60)), seconds(3));
      break;
    case 8:
      delete_something(s);
      break;
    case 9:
      edit(s);
      break;
    case 10:
      if (daemon.running()) daemon.stop();
      break;
    case 11:  // without an election nothing would make it list again
      if (daemon.elects && !daemon.leads()) daemon.deafen();
      break;
  }
}

void bad_hour(Scenario& s) {
  for (std::size_t i = 0; i < s.daemons(); ++i) {
    s.daemon(i).faults = random_faults(s.world);
    s.daemon(i).watch_delay = milliseconds(1 + s.world.pick(5000));
  }
  for (int i = 0; i < 120; ++i) {
    mishap(s);
    s.world.run_for(milliseconds(s.world.pick(60'000)));
  }
}

/// Everything is repaired, and one daemon runs, with a configuration that lets all of them work.
void good_day(Scenario& s, const EngineSpec& spec) {
  for (std::size_t i = 0; i < s.daemons(); ++i) {
    s.daemon(i).faults = {};
    s.daemon(i).list_time = milliseconds(40);
    s.daemon(i).thaw();
    if (i > 0 && s.daemon(i).running()) s.daemon(i).kill();
  }
  s.reconfigure(spec);
  if (!s.daemon().running()) s.daemon().start();
  s.daemon().mend_watch();
  for (int i = 0; i < kScalers; ++i) s.cluster.image(fmt::format("s{}", i)) = Image{};
}

bool all_drained(const Scenario& s) {
  for (int i = 0; i < kScalers; ++i) {
    if (!const_cast<Scenario&>(s).cluster.queue(fmt::format("s{}", i)).drained()) return false;
  }
  return true;
}

/// What the log's readers would look at when something does not move.
std::string last_words(const Scenario& s) {
  std::string words;
  for (int i = 0; i < kScalers; ++i) {
    const std::string name = fmt::format("s{}", i);
    if (!s.decided(name)) continue;
    const Decision& decision = s.decision(name);
    words += fmt::format("{} {}: {}\n", name, to_string(decision.reason), decision.text);
  }
  return words;
}

int first_seed() {
  const char* wanted = std::getenv("JOBSCALER_FIRST_SEED");
  return wanted == nullptr ? 1 : std::atoi(wanted);
}

int seeds() {
  const char* wanted = std::getenv("JOBSCALER_SEEDS");
  return wanted == nullptr ? 60 : std::atoi(wanted);
}

}  // namespace

TEST_CASE(
    "whatever happens, the promises hold; and when all is well again, the queues are drained") {
  for (int seed = first_seed(); seed < first_seed() + seeds(); ++seed) {
    INFO("seed " << seed);
    World dice(static_cast<std::uint64_t>(seed));
    const EngineSpec spec = random_spec(dice);
    Scenario s(spec, static_cast<std::uint64_t>(seed));
    if (dice.chance(0.5)) s.add_daemon();
    const bool elects = dice.chance(0.5);
    for (std::size_t i = 0; i < s.daemons(); ++i) s.daemon(i).elects = elects;
    s.cluster.window_slack = kScalers;
    s.cluster.numbers_may_be_forgotten = true;
    for (int i = 0; i < kScalers; ++i) {
      const std::string name = fmt::format("s{}", i);
      s.cluster.queue(name).shows_in_flight = dice.chance(0.5);
      s.cluster.queue(name).shows_age = dice.chance(0.5);
      s.cluster.image(name) = random_image(dice);
      s.cluster.queue(name).publish(50, seconds(3));
    }
    for (const char* group : {"default", "spot"}) {
      s.cluster.nodes(group) = {2, seconds(30), 2, 6};
    }
    s.start();
    bad_hour(s);
    good_day(s, spec);
    const bool drained = s.world.run_until([&] { return all_drained(s); }, hours(6));
    INFO(last_words(s));
    REQUIRE(drained);
  }
}

TEST_CASE(
    "one daemon without restarts or late requests exceeds no window, whatever its workers and its "
    "configuration do") {
  for (int seed = first_seed(); seed < first_seed() + seeds(); ++seed) {
    INFO("seed " << seed);
    World dice(static_cast<std::uint64_t>(seed) + 1000);
    Scenario s(random_spec(dice), static_cast<std::uint64_t>(seed));
    s.daemon().faults.lost_answers = 0.2;
    s.daemon().faults.stale_events = 0.2;
    s.daemon().faults.failed_reads = 0.1;
    for (int i = 0; i < kScalers; ++i) {
      const std::string name = fmt::format("s{}", i);
      s.cluster.image(name) = random_image(dice);
      s.cluster.queue(name).publish(200, seconds(3));
    }
    s.start();
    for (int i = 0; i < 60; ++i) {
      if (i % 10 == 9) edit(s);
      s.world.run_for(minutes(1));
    }
  }
}
