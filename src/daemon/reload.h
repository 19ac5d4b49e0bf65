#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "config/changes.h"
#include "config/config.h"
#include "daemon/mailbox.h"
#include "telemetry/log.h"

namespace jobscaler::daemon {

/// Looks at the configuration's file every few seconds, on a thread of its own: a file system may
/// hang, and a long file takes a while to parse. It is read and not watched, because what is
/// mounted from a ConfigMap is a symbolic link to a directory that is replaced.
class ConfigWatch {
 public:
  /// `text`: what is known of the file already. `mailbox` is woken when take() has something.
  ConfigWatch(std::string file, Result<std::string> text, Mailbox& mailbox);
  /// Returns within a second: a thread that hangs in the file system is left behind, and touches
  /// nothing of ours any more.
  ~ConfigWatch();
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

  /// Looks at once, and has something to take even if nothing has changed. Any thread.
  void look();

  /// The file as it is now, if it is not as it was. Any thread.
  std::optional<ParsedConfig> take();

 private:
  struct Shared;

  const std::shared_ptr<Shared> shared_;  // with the thread
  std::thread thread_;
};

/// The configuration that the daemon runs with, and what is to be said of edits. One thread owns
/// it.
class RunningConfig {
 public:
  RunningConfig(std::string file, Config config, telemetry::WallClock::time_point now);

  struct Edit {
    std::vector<telemetry::LogLine> lines;  ///< to be logged
    std::optional<ConfigChanges> changes;   ///< to be carried out; absent: nothing changes
  };

  /// Takes up the file as it is now, unless something is wrong with it: then all stays as it is.
  Edit take(ParsedConfig parsed, telemetry::WallClock::time_point now);

  const Config& config() const { return config_; }

 private:
  void refuse(Edit& edit, const std::string& why);

  const std::string file_;
  Config config_;
  std::string since_;  // when it was read
  bool bad_ = false;   // the file, when it was last looked at
};

}  // namespace jobscaler::daemon
