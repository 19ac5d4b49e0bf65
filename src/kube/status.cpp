#include "kube/status.h"

#include <cpprest/json.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "kube/json.h"

namespace jobscaler::kube {
namespace {

constexpr std::size_t kLongestMessage = 600;
constexpr int kMostCauses = 3;
constexpr std::int64_t kLongestWait = 60;  // seconds

std::string shortened(std::string words) {
  if (words.size() > kLongestMessage) words = words.substr(0, kLongestMessage) + "...";
  return words;
}

std::string causes_of(const Json& status) {
  std::string words;
  int count = 0;
  for (const auto* cause : elements(status, {"details", "causes"})) {
    if (++count > kMostCauses) continue;
    const auto field = text(*cause, {"field"});
    words += (words.empty() ? "" : "; ") + field + (field.empty() ? "" : ": ") +
             text(*cause, {"message"});
  }
  if (count > kMostCauses) words += fmt::format("; and {} more", count - kMostCauses);
  return shortened(words);
}

/// A proxy's wish to wait for a day must not blind us for one.
Duration granted(std::int64_t seconds) {
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLongestWait));
}

std::optional<Duration> seconds_from(const std::string& text) {
  std::int64_t seconds = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (parsed.ec != std::errc() || seconds < 0) return std::nullopt;
  return granted(seconds);
}

void read_object(const std::string& body, ServerStatus& status) {
  const auto json = parse_json(body);
  if (!json.ok() || text(*json, {"kind"}) != "Status") return;
  status.from_api_server = true;
  status.reason = text(*json, {"reason"});
  status.message = shortened(text(*json, {"message"}));
  status.causes = causes_of(*json);
  if (const auto code = integer(*json, {"code"})) status.code = static_cast<int>(*code);
  if (const auto wait = integer(*json, {"details", "retryAfterSeconds"})) {
    status.retry_after = granted(*wait);
  }
}

void ensure_message(ServerStatus& status, const std::string& body) {
  if (!status.message.empty()) return;
  status.message = fmt::format("HTTP {}", status.code);
  if (!body.empty() && !status.from_api_server) status.message += ": " + body.substr(0, 200);
}

}  // namespace

ServerStatus status_of(const http::Response& response) {
  ServerStatus status;
  read_object(response.body, status);
  status.code = response.status;
  ensure_message(status, response.body);
  const auto header = response.headers.find("retry-after");
  if (header != response.headers.end()) {
    if (const auto wait = seconds_from(header->second)) status.retry_after = wait;
  }
  return status;
}

ServerStatus status_of_object(const std::string& json) {
  ServerStatus status;
  read_object(json, status);
  ensure_message(status, json);
  return status;
}

bool is_missing_namespace(const ServerStatus& status) {
  return status.code == 404 && status.message.find("namespaces \"") != std::string::npos;
}

std::string explain(const Intent& intent, const ServerStatus& status) {
  if (is_missing_namespace(status)) {
    return fmt::format("namespace {} does not exist; create it, or set kubernetes.namespace",
                       intent.name_space);
  }
  const auto tried =
      fmt::format("{} {} in namespace {}", intent.verb, intent.resource, intent.name_space);
  switch (status.code) {
    case 401:
      return fmt::format("cannot {}: the API server does not accept our credentials (401): {}",
                         tried, status.message);
    case 403:
      return fmt::format(
          "not allowed to {} (403): {}; grant the verb in the Role that our account is bound to",
          tried, status.message);
    default:
      return fmt::format("cannot {} ({}): {}", tried, status.code, status.message);
  }
}

}  // namespace jobscaler::kube
