#include "http/hanging_lookup.h"

#include <dlfcn.h>
#include <netdb.h>

#include <string_view>
#include <utility>

namespace jobscaler::test {
namespace {

enum class Mode { pass_on, hang, find, fail };

struct State {
  std::mutex mutex;
  std::condition_variable changed;
  Mode mode = Mode::pass_on;
  int under_way = 0;
  Counter* asked = nullptr;

  void set(Mode wanted) {
    const std::lock_guard lock(mutex);
    mode = wanted;
    changed.notify_all();
  }

  /// Whether the name is found in the end.
  bool wait() {
    std::unique_lock lock(mutex);
    ++under_way;
    if (asked != nullptr) asked->add();
    changed.wait(lock, [this] { return mode != Mode::hang; });
    --under_way;
    changed.notify_all();
    return mode == Mode::find;
  }
};

State state;

}  // namespace

HangingLookup::HangingLookup() {
  state.asked = new Counter;
  state.set(Mode::hang);
}

HangingLookup::~HangingLookup() {
  state.set(Mode::fail);
  std::unique_lock lock(state.mutex);
  state.changed.wait(lock, [] { return state.under_way == 0; });
  delete std::exchange(state.asked, nullptr);
}

Counter& HangingLookup::asked() {
  return *state.asked;
}

void HangingLookup::found() {
  state.set(Mode::find);
}

void HangingLookup::unknown() {
  state.set(Mode::fail);
}

}  // namespace jobscaler::test

/// In front of the C library's, also for the shared libraries of this program.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints,
                           addrinfo** found) {
  static const auto real =
      reinterpret_cast<decltype(&getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  const bool hangs = name != nullptr && std::string_view(name) == jobscaler::test::kHangingName;
  if (!hangs) return real(name, service, hints, found);
  return jobscaler::test::state.wait() ? real("127.0.0.1", service, hints, found) : EAI_NONAME;
}
