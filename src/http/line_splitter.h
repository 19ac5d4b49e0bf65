#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace jobscaler::http {

/// Makes lines of what a stream brings piece by piece. A line ends with LF or CR LF, which are no
/// part of it; it may be as long as it likes.
class LineSplitter {
 public:
  using OnLine = std::function<bool(const std::string& line)>;  ///< false: no more of them

  /// Returns false as soon as `on_line` has.
  bool split(std::string_view piece, const OnLine& on_line);

  /// The stream has ended, maybe in the middle of a line.
  void end(const OnLine& on_line);

 private:
  bool hand_over(const OnLine& on_line);

  std::string line_;
};

}  // namespace jobscaler::http
