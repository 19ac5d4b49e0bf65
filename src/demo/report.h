#pragma once

#include <string>

namespace jobscaler::demo {

/// The list of messages that were processed: one line "ID WORKER" each, appended whole, so that
/// several workers may share a file.
class Report {
 public:
  /// `path` is a file, a directory (then this worker has a file of its own in it), or empty: no
  /// report. Throws std::runtime_error if it cannot be opened.
  Report(const std::string& path, const std::string& worker);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  /// Throws std::runtime_error if the line could not be written whole.
  void add(const std::string& id);

 private:
  std::string path_;
  std::string worker_;
  int file_ = -1;
};

}  // namespace jobscaler::demo
