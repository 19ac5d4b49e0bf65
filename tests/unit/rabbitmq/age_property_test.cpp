// Every age the estimators claim, against a simulated queue whose true head age is known.
#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "rabbitmq/queue_state.h"
#include "simulated_queue.h"

namespace jobscaler::rabbitmq::test {
namespace {

constexpr int kSeeds = 1500;
constexpr Duration kRunTime = std::chrono::seconds(240);
constexpr Duration kStatisticsIntervals[] = {std::chrono::seconds(1), std::chrono::seconds(5),
                                             std::chrono::seconds(30), std::chrono::seconds(60)};

using Claims = std::map<std::pair<AgeMethod, OldestAge::Kind>, int>;

/// Polls a simulated queue as the connection does, and compares what it is told with the truth.
class Observer {
 public:
  Observer(AgeChoice age, World world, bool management, std::uint32_t seed)
      : queue_(world, seed),
        quorum_(world.requeue_to_tail),
        uncounted_(world.uncounted),
        management_(management),
        random_(seed + 1),
        poll_(std::chrono::milliseconds(1000 + random_() % 5000)),
        missed_(random_() % 2 == 0 ? 20 : 200),
        state_(age, poll_, management) {}

  void run() {
    const auto end = queue_.now() + kRunTime;
    while (queue_.now() < end && problem_.empty()) {
      queue_.run_until(queue_.now() + poll_);
      take_statistics();
      if (queue_.take_restart()) lose_connection();
      if (random_() % missed_ == 0) {
        lose_connection();  // this poll is missed
        continue;
      }
      const int readings = random_() % 10 == 0 ? 4 : 1;
      for (int i = 0; i < readings; ++i) read();
    }
  }

  const std::string& problem() const { return problem_; }
  const Claims& claims() const { return claims_; }
  int readings_with_messages() const { return readings_; }

 private:
  void lose_connection() { state_.interrupted(queue_.now()); }

  void take_statistics() {
    if (!management_) return;
    if (sample_ && sample_->answered <= queue_.now()) {
      state_.take(*sample_);
      sample_.reset();
    }
    if (sample_ || random_() % 10 == 0) return;
    const auto asked = queue_.now();
    queue_.run_until(asked + milliseconds(200));
    sample_ = StatsSample{queue_.stats(), asked, queue_.now() + milliseconds(1500), std::nullopt};
  }

  void read() {
    Depth depth;
    depth.asked = queue_.now();
    queue_.run_until(depth.asked + milliseconds(100));
    const bool hidden = quorum_ && leaderless();
    if (!hidden) queue_.let_consumer_join();
    const auto truth = queue_.true_age();
    const auto sampled = queue_.now();
    depth.ready = hidden ? 0 : queue_.ready();
    depth.consumers = hidden ? 0 : queue_.consumers();
    queue_.run_until(sampled + milliseconds(100));
    depth.answered = queue_.now();
    const auto age = truth.value_or(Duration::zero()) + (depth.answered - sampled);
    if (truth) history_.push_back({depth.answered, age});
    const WallTime wall(
        std::chrono::duration_cast<WallTime::duration>(depth.answered.time_since_epoch()));
    const Reading reading = state_.take(depth, wall);
    if (depth.ready == 0) return;
    ++readings_;
    if (reading.oldest) compare(*reading.oldest, age, depth.answered);
  }

  void compare(const OldestAge& claim, Duration truth, TimePoint now) {
    ++claims_[{claim.method, claim.kind}];
    bool holds = claim.age >= truth;
    if (claim.kind == OldestAge::Kind::lower_bound) holds = was_ever_as_old(claim.age, now);
    // Lower bounds are documented to need every arrival counted.
    holds |= claim.kind == OldestAge::Kind::lower_bound && uncounted_;
    if (holds) return;
    std::ostringstream text;
    text << to_string(claim.method)
         << (claim.kind == OldestAge::Kind::lower_bound ? " >= " : " <= ") << seconds(claim.age)
         << " s, but the oldest is " << seconds(truth) << " s old";
    problem_ = text.str();
  }

  /// A lower bound is about a moment a few polls ago.
  bool was_ever_as_old(Duration age, TimePoint now) const {
    const auto window = std::max<Duration>(3 * poll_, std::chrono::seconds(15)) + kCollectionLag;
    return std::any_of(history_.begin(), history_.end(), [&](const auto& moment) {
      return now - moment.first <= window + std::chrono::milliseconds(500) && moment.second >= age;
    });
  }

  /// A quorum queue without a leader answers (0, 0), for less than two polls.
  bool leaderless() {
    const bool may_begin = queue_.now() > leaderless_until_ + 2 * poll_;
    if (may_begin && random_() % 40 == 0) leaderless_until_ = queue_.now() + poll_ * 3 / 2;
    return queue_.now() < leaderless_until_;
  }

  Duration milliseconds(unsigned most) { return std::chrono::milliseconds(random_() % (most + 1)); }
  static double seconds(Duration duration) {
    return std::chrono::duration<double>(duration).count();
  }

  SimulatedQueue queue_;
  const bool quorum_;
  const bool uncounted_;
  const bool management_;
  std::mt19937 random_;
  const Duration poll_;
  const unsigned missed_;  // one poll in so many
  QueueState state_;
  std::optional<StatsSample> sample_;
  TimePoint leaderless_until_{};
  std::vector<std::pair<TimePoint, Duration>> history_;
  std::string problem_;
  Claims claims_;
  int readings_ = 0;
};

struct Outcome {
  Claims claims;
  int readings = 0;

  int claimed(AgeMethod method, OldestAge::Kind kind) const {
    const auto found = claims.find({method, kind});
    return found == claims.end() ? 0 : found->second;
  }
  double share(AgeMethod method) const {
    return claimed(method, OldestAge::Kind::upper_bound) / static_cast<double>(readings);
  }
};

/// Runs the seeds, each with the dangers that a mask of it switches on.
Outcome observe(AgeChoice age, World dangers, bool management) {
  Outcome outcome;
  for (std::uint32_t seed = 1; seed <= kSeeds; ++seed) {
    World world = dangers;
    world.expiry &= (seed & 1) != 0;
    world.length_limit &= (seed & 2) != 0;
    world.purges &= (seed & 4) != 0;
    world.restarts &= (seed & 8) != 0;
    world.consumers_die &= (seed & 16) != 0;
    world.statistics_interval = kStatisticsIntervals[seed / 32 % std::size(kStatisticsIntervals)];
    Observer observer(age, world, management, seed);
    observer.run();
    INFO("seed " << seed);
    REQUIRE(observer.problem() == "");
    for (const auto& [claim, count] : observer.claims()) outcome.claims[claim] += count;
    outcome.readings += observer.readings_with_messages();
  }
  return outcome;
}

World all_dangers() {
  World world;
  world.consumers_die = world.expiry = world.length_limit = world.purges = world.restarts = true;
  return world;
}

World quorum(World world) {
  world.requeue_to_tail = true;
  return world;
}

}  // namespace

TEST_CASE("bound, from AMQP alone, is never below the true age of the head") {
  const auto outcome = observe(AgeChoice::bound, all_dangers(), false);
  CHECK(outcome.share(AgeMethod::bound) > 0.3);
}

TEST_CASE("bound is never below the true age when requeued messages go to the tail") {
  const auto outcome = observe(AgeChoice::bound, quorum(all_dangers()), false);
  CHECK(outcome.share(AgeMethod::bound) > 0.2);
}

TEST_CASE("arrivals is never below the true age of the head, and its lower bounds were true") {
  const auto outcome = observe(AgeChoice::arrivals, all_dangers(), true);
  CHECK(outcome.share(AgeMethod::arrivals) > 0.3);
  CHECK(outcome.claimed(AgeMethod::arrivals, OldestAge::Kind::lower_bound) > 1000);
}

TEST_CASE("arrivals is never below the true age when requeued messages go to the tail") {
  const auto outcome = observe(AgeChoice::arrivals, quorum(all_dangers()), true);
  CHECK(outcome.share(AgeMethod::arrivals) > 0.2);
}

TEST_CASE("timestamp is never below the true age, even when consumers put messages back") {
  World world = all_dangers();
  world.nacks = true;
  const auto outcome = observe(AgeChoice::timestamp, world, true);
  CHECK(outcome.share(AgeMethod::timestamp) > 0.5);
}

TEST_CASE("auto is never below the true age and uses every method") {
  const auto outcome = observe(AgeChoice::automatic, all_dangers(), true);
  CHECK(outcome.share(AgeMethod::timestamp) > 0.1);
  CHECK(outcome.share(AgeMethod::arrivals) > 0.1);
  CHECK(outcome.share(AgeMethod::bound) > 0.1);
}

TEST_CASE("auto is never below the true age of a quorum queue") {
  const auto outcome = observe(AgeChoice::automatic, quorum(all_dangers()), true);
  CHECK(outcome.share(AgeMethod::timestamp) == 0);
  CHECK(outcome.share(AgeMethod::arrivals) > 0.1);
  CHECK(outcome.share(AgeMethod::bound) > 0.1);
}

TEST_CASE(
    "what a priority queue is told is never below the true age, in whatever order it is emptied") {
  World world = all_dangers();
  world.priorities = true;
  world.nacks = true;
  const auto outcome = observe(AgeChoice::automatic, world, true);
  CHECK(outcome.share(AgeMethod::timestamp) == 0);
  CHECK(outcome.share(AgeMethod::arrivals) == 0);
  CHECK(outcome.share(AgeMethod::bound) > 0.05);
}

TEST_CASE(
    "arrivals is never below the true age when messages arrive that the counter does not count") {
  World world = all_dangers();
  world.uncounted = true;
  const auto outcome = observe(AgeChoice::arrivals, world, true);
  CHECK(outcome.share(AgeMethod::arrivals) > 0.1);
}

}  // namespace jobscaler::rabbitmq::test
