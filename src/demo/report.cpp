#include "demo/report.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace jobscaler::demo {
namespace {

bool is_directory(const std::string& path) {
  struct stat info {};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

[[noreturn]] void fail(const std::string& path) {
  throw std::runtime_error(
      fmt::format("the report {} cannot be written: {}", path, std::strerror(errno)));
}

}  // namespace

Report::Report(const std::string& path, const std::string& worker) : path_(path), worker_(worker) {
  if (path_.empty()) return;
  if (is_directory(path_)) path_ += "/" + worker_;
  file_ = open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file_ < 0) fail(path_);
}

Report::~Report() {
  if (file_ >= 0) close(file_);
}

void Report::add(const std::string& id) {
  if (file_ < 0) return;
  const std::string line = fmt::format("{} {}\n", id, worker_);
  errno = ENOSPC;  // what a short write means
  if (write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) fail(path_);
}

}  // namespace jobscaler::demo
