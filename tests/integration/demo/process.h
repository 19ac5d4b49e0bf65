#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

/// A folder that is gone with the test.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  /// A path in it that nobody has been given before.
  std::string fresh(const std::string& name);

 private:
  std::filesystem::path path_;
  int given_ = 0;
};

std::string contents(const std::string& file);
std::vector<std::string> lines(const std::string& file);

/// A child process whose output goes to a file. Killed with the object.
class Process {
 public:
  Process(Scratch& scratch, const std::vector<std::string>& command);
  ~Process();
  Process(Process&& other) noexcept;
  Process(const Process&) = delete;

  /// Fails the test unless the output contains the text within a generous time.
  void wait_for(const std::string& text) const;
  void signal(int number) const;
  /// The exit status, or 128 + the signal it died of; fails the test if it does not end.
  int wait();
  std::string output() const { return contents(output_); }
  const std::string& output_file() const { return output_; }

 private:
  std::string output_;
  pid_t pid_ = -1;
};
