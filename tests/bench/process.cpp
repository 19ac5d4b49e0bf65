#include "bench/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace jobscaler::bench {
namespace {

constexpr auto kPatience = std::chrono::minutes(1);
constexpr auto kLookEvery = std::chrono::milliseconds(2);

std::string contents_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

Process::Process(const std::vector<std::string>& command, std::string output_file)
    : program_(command[0]), output_file_(std::move(output_file)) {
  // Emptied before the child runs: what an earlier process said must not be taken for its words.
  std::ofstream(output_file_).close();
  std::vector<char*> arguments;
  for (const std::string& argument : command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, output_file_.c_str(), O_WRONLY | O_APPEND, 0);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  int error = posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw std::runtime_error(fmt::format("cannot start {}: {}", program_, strerror(error)));
}

Process::~Process() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void Process::wait_for_success() {
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  if (status != 0) throw std::runtime_error(fmt::format("{} failed: {}", program_, last_words()));
}

std::size_t Process::wait_for_output(const std::string& text, std::size_t from) {
  for (TimePoint deadline = BootClock::now() + kPatience; BootClock::now() < deadline;) {
    if (std::size_t at = contents_of(output_file_).find(text, from); at != std::string::npos) {
      return at + text.size();
    }
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      break;
    }
    std::this_thread::sleep_for(kLookEvery);
  }
  throw std::runtime_error(
      fmt::format("{} did not say '{}'; its last words: {}", program_, text, last_words()));
}

std::size_t Process::output_size() const {
  return contents_of(output_file_).size();
}

std::string Process::last_words() const {
  constexpr std::size_t kEnough = 2000;
  std::string text = contents_of(output_file_);
  return text.size() > kEnough ? text.substr(text.size() - kEnough) : text;
}

int Process::status_field(const std::string& name) const {
  std::ifstream in(fmt::format("/proc/{}/status", pid_));
  for (std::string word; in >> word;) {
    if (int value = 0; word == name && in >> value) return value;
  }
  throw std::runtime_error(fmt::format("{} has ended: {}", program_, last_words()));
}

Scratch::Scratch() {
  std::string pattern = std::filesystem::temp_directory_path() / "jobscaler-bench-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot create " + pattern);
  path_ = pattern;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Scratch::write(const std::string& name, const std::string& text) const {
  std::ofstream(file(name)) << text;
  return file(name);
}

}  // namespace jobscaler::bench
