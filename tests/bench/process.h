#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "jobscaler/clock.h"

namespace jobscaler::bench {

/// A child process whose output goes to a file. Killed with this object if it still runs.
class Process {
 public:
  /// `command[0]` is the program's path. Throws std::runtime_error if it cannot be started.
  Process(const std::vector<std::string>& command, std::string output_file);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Waits for its end; throws unless it exits 0.
  void wait_for_success();

  /// Waits until the output holds `text` at or after `from`; returns the offset behind it. Throws,
  /// with the output's end, when the process ends first or after a minute.
  std::size_t wait_for_output(const std::string& text, std::size_t from = 0);

  /// Where output to come will begin.
  std::size_t output_size() const;

  /// What the output's end says, for people who must find out what went wrong.
  std::string last_words() const;

  int resident_kib() const { return status_field("VmRSS:"); }
  int threads() const { return status_field("Threads:"); }

 private:
  int status_field(const std::string& name) const;

  std::string program_;
  std::string output_file_;
  pid_t pid_ = -1;
};

/// A folder that is removed, with everything in it, when this object goes.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string file(const std::string& name) const { return path_ + "/" + name; }
  /// Returns the file's path.
  std::string write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

}  // namespace jobscaler::bench
