#include <fmt/format.h>

#include <cstdlib>

#include "config/config.h"
#include "config/file.h"

namespace jobscaler {
namespace {

constexpr std::size_t kMaxSecret = 65'536;

Error not_found(std::string message) {
  return {ErrorKind::not_found, std::move(message)};
}

Result<std::string> without_newline(std::string text, const std::string& source) {
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  if (text.empty()) return not_found(source + " is empty");
  return text;
}

Result<std::string> read_file_secret(const std::string& file) {
  Result<std::string> text = config::read_file(file, kMaxSecret);
  if (!text) return not_found(fmt::format("secret file {} {}", file, text.error().message));
  return without_newline(std::move(*text), "secret file " + file);
}

Result<std::string> read_env_secret(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return not_found(fmt::format("environment variable {} is not set", name));
  return without_newline(value, "environment variable " + name);
}

}  // namespace

Result<std::string> read_secret(const Secret& secret) {
  switch (secret.origin) {
    case Secret::Origin::file:
      return read_file_secret(secret.name);
    case Secret::Origin::env:
      return read_env_secret(secret.name);
    case Secret::Origin::none:
      break;
  }
  return std::string();
}

}  // namespace jobscaler
