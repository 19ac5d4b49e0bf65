#include "demo/shift.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

namespace jobscaler::demo {
namespace {

/// A pod's name is its host's; where pods share a host, as in a simulated cluster, HOSTNAME tells.
std::string host_name() {
  if (const char* told = std::getenv("HOSTNAME")) return told;
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return host.data();
}

std::string worker_name() {
  return fmt::format("{}-{}", host_name(), getpid());
}

[[noreturn]] void crash(const std::string& id) {
  fmt::print(stderr, "jobscaler-demo work: crashing on message {}, as told by --fail-on\n", id);
  std::_Exit(1);
}

}  // namespace

Shift::Shift(const WorkOptions& options, const volatile std::sig_atomic_t& stop)
    : options_(options), stop_(stop), report_(options.report, worker_name()) {
  rest();
}

Clock::time_point Shift::begin(const std::string& id, std::chrono::milliseconds asked,
                               const std::string& note) const {
  fmt::print("{}{}\n", id, note);
  if (id == options_.fail_on) crash(id);
  return Clock::now() + options_.work.value_or(asked);
}

void Shift::end() {
  ++processed_;
  rest();
}

Clock::time_point Shift::idle_until() const {
  return options_.idle ? idle_since_ + *options_.idle : Clock::time_point::max();
}

void Shift::farewell() const {
  if (told_to_stop())
    fmt::print("told to stop; messages processed: {}\n", processed_);
  else
    fmt::print("no message for {} s; messages processed: {}\n",
               static_cast<double>(options_.idle->count()) / 1000, processed_);
}

}  // namespace jobscaler::demo
