#include "http/line_splitter.h"

namespace jobscaler::http {

bool LineSplitter::split(std::string_view piece, const OnLine& on_line) {
  for (auto end = piece.find('\n'); end != piece.npos; end = piece.find('\n')) {
    line_ += piece.substr(0, end);
    piece.remove_prefix(end + 1);
    if (!hand_over(on_line)) return false;
  }
  line_ += piece;
  return true;
}

void LineSplitter::end(const OnLine& on_line) {
  if (!line_.empty()) hand_over(on_line);
}

bool LineSplitter::hand_over(const OnLine& on_line) {
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  const bool more = on_line(line_);
  line_.clear();
  return more;
}

}  // namespace jobscaler::http
