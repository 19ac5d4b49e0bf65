#include <catch2/catch.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "http/counter.h"
#include "http/timers.h"

using namespace std::chrono_literals;
using jobscaler::http::Timers;
using jobscaler::test::Counter;

TEST_CASE("what is to happen later happens once, the sooner first") {
  Timers timers;
  Counter fired;
  std::mutex mutex;
  std::string order;
  const auto note = [&](char c) {
    return [&, c] {
      const std::lock_guard lock(mutex);
      order += c;
      fired.add();
    };
  };
  timers.after(200ms, note('b'));
  timers.after(0s, note('a'));
  REQUIRE(fired.reaches(2));
  const std::lock_guard lock(mutex);
  CHECK(order == "ab");
}

TEST_CASE("nothing happens after stop") {
  std::atomic<int> fired{0};
  Timers timers;
  for (int i = 0; i < 100; ++i) timers.after(1ms * (i % 3), [&] { ++fired; });
  timers.after(1h, [&] { ++fired; });
  timers.stop();
  const int then = fired;
  timers.after(0s, [&] { ++fired; });
  std::this_thread::yield();
  CHECK(fired == then);
}

TEST_CASE("stop waits for what is running") {
  Counter entered;
  Counter may_leave;
  std::atomic<bool> left{false};
  auto timers = std::make_unique<Timers>();
  timers->after(0s, [&] {
    entered.add();
    may_leave.reaches(1);
    left = true;
  });
  REQUIRE(entered.reaches(1));
  std::thread releaser([&] { may_leave.add(); });
  timers.reset();
  CHECK(left);
  releaser.join();
}
