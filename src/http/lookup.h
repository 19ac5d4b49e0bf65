#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "http/words.h"

namespace jobscaler::http {

/// Finds out whether a host's name can be looked up now. cpprestsdk has one thread for all the
/// lookups of the process, numeric addresses included: one that hangs would hold up every new
/// connection to anybody. So it is handed only names that have just been found here, on a thread
/// of the host's own. Thread-safe.
class Lookup {
 public:
  using Done = std::function<void(std::optional<Failure>)>;

  /// `host`: empty, or an IPv4 address, is not looked up.
  Lookup(const std::string& host, Duration timeout);

  /// `done` is called once: at once on the calling thread if there is nothing to look up, else on
  /// the pool, after `timeout` at the latest.
  void ask(Done done);

  /// Whoever has asked and has not been answered will not be.
  void forget();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace jobscaler::http
