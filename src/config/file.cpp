#include "config/file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace jobscaler::config {
namespace {

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

Error unreadable(int error) {
  return {ErrorKind::not_found, fmt::format("cannot be read: {}", std::strerror(error))};
}

}  // namespace

Result<std::string> read_file(const std::string& file, std::size_t max_bytes) {
  const std::unique_ptr<std::FILE, Close> stream(std::fopen(file.c_str(), "rbe"));
  if (!stream) return unreadable(errno);
  std::string text;
  std::array<char, 65536> chunk;
  while (const std::size_t count = std::fread(chunk.data(), 1, chunk.size(), stream.get())) {
    text.append(chunk.data(), count);
    if (text.size() > max_bytes) {
      return Error{ErrorKind::rejected, fmt::format("is larger than {} bytes", max_bytes)};
    }
  }
  if (std::ferror(stream.get()) != 0) return unreadable(errno);
  return text;
}

}  // namespace jobscaler::config
