#include "daemon/mailbox.h"

#include <signal.h>

#include <catch2/catch.hpp>
#include <thread>

using namespace jobscaler;
using namespace jobscaler::daemon;
using namespace std::chrono_literals;

namespace {

TimePoint far_away() {
  return BootClock::now() + 1h;
}

std::string text_of(const Mailbox::Item& item) {
  return std::get<Note>(item).text;
}

Note note_saying(std::string text) {
  return {Level::info, "test", std::move(text)};
}

}  // namespace

TEST_CASE("items come out in the order in which they were posted") {
  Mailbox mailbox;
  mailbox.post(note_saying("first"));
  mailbox.post(Event(event::WatchChanged{}));
  mailbox.post(note_saying("last"));
  auto items = mailbox.take(far_away());
  REQUIRE(items.size() == 3);
  CHECK(text_of(items[0]) == "first");
  CHECK(std::holds_alternative<Event>(items[1]));
  CHECK(text_of(items[2]) == "last");
}

TEST_CASE("taking returns at its deadline when nothing comes, and never before") {
  Mailbox mailbox;
  TimePoint deadline = BootClock::now() + 20ms;
  CHECK(mailbox.take(deadline).empty());
  CHECK(BootClock::now() >= deadline);
}

TEST_CASE("a deadline that has passed does not wait") {
  Mailbox mailbox;
  CHECK(mailbox.take(BootClock::now() - 1h).empty());
}

TEST_CASE("an item that comes while waiting ends the wait") {
  Mailbox mailbox;
  std::thread sender([&] { mailbox.post(note_saying("hello")); });
  auto items = mailbox.take(far_away());
  sender.join();
  REQUIRE(items.size() == 1);
  CHECK(text_of(items[0]) == "hello");
}

TEST_CASE("a wake-up that came before the wait is not lost") {
  Mailbox mailbox;
  mailbox.wake();
  CHECK(mailbox.take(far_away()).empty());
}

TEST_CASE("nothing is lost when many threads post while the loop takes") {
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  Mailbox mailbox;
  std::vector<std::thread> senders;
  for (int thread = 0; thread < kThreads; ++thread) {
    senders.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) mailbox.post(note_saying(std::to_string(i)));
    });
  }
  std::size_t taken = 0;
  while (taken < kThreads * kEach) taken += mailbox.take(far_away()).size();
  for (auto& sender : senders) sender.join();
  CHECK(taken == kThreads * kEach);
}

namespace {
Mailbox* woken_by_signal = nullptr;
}

TEST_CASE("a signal handler can wake the loop") {
  Mailbox mailbox;
  woken_by_signal = &mailbox;
  struct sigaction action {};
  struct sigaction before {};
  action.sa_handler = [](int) { woken_by_signal->wake(); };
  sigaction(SIGUSR1, &action, &before);
  raise(SIGUSR1);
  CHECK(mailbox.take(far_away()).empty());
  sigaction(SIGUSR1, &before, nullptr);
}
