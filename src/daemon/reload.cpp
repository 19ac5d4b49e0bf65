#include "daemon/reload.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace jobscaler::daemon {
namespace {

constexpr auto kLookEvery = std::chrono::seconds(5);
/// A file that an editor writes in place is looked at when it has not changed for this long.
constexpr auto kAtRest = std::chrono::milliseconds(100);

bool is_same(const Result<std::string>& a, const Result<std::string>& b) {
  if (a.ok() != b.ok()) return false;
  return a.ok() ? *a == *b : a.error() == b.error();
}

telemetry::LogLine line(Level level, std::string text) {
  return {
      .level = level, .subject = "jobscaler", .reason = {}, .text = std::move(text), .fields = {}};
}

std::string utc(telemetry::WallClock::time_point time) {
  return fmt::format("{:%F %T}", fmt::gmtime(telemetry::WallClock::to_time_t(time)));
}

std::string count_errors(const std::vector<Problem>& problems) {
  const auto errors = std::count_if(problems.begin(), problems.end(), [](const Problem& problem) {
    return problem.severity == Problem::Severity::error;
  });
  return fmt::format("{} error{}", errors, errors == 1 ? "" : "s");
}

}  // namespace

ConfigWatch::ConfigWatch(std::string file, Result<std::string> text, Mailbox& mailbox)
    : file_(std::move(file)),
      mailbox_(mailbox),
      seen_(std::move(text)),
      thread_([this] { run(); }) {}

ConfigWatch::~ConfigWatch() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void ConfigWatch::look() {
  const std::lock_guard lock(mutex_);
  asked_ = true;
  changed_.notify_all();
}

std::optional<ParsedConfig> ConfigWatch::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

void ConfigWatch::run() {
  while (const auto asked = wait_for_work()) {
    const auto text = read_at_rest();
    if (!*asked && is_same(text, seen_)) continue;
    seen_ = text;
    ParsedConfig parsed = parse_config(text);
    const std::lock_guard lock(mutex_);
    news_ = std::move(parsed);
    mailbox_.wake();
  }
}

/// Whether somebody asked for it; nothing: it is time to stop.
std::optional<bool> ConfigWatch::wait_for_work() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kLookEvery, [this] { return stopping_ || asked_; });
  if (stopping_) return std::nullopt;
  return std::exchange(asked_, false);
}

Result<std::string> ConfigWatch::read_at_rest() {
  auto text = read_config(file_);
  for (auto before = seen_; !is_same(text, before); text = read_config(file_)) {
    before = text;
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, kAtRest, [this] { return stopping_; })) break;
  }
  return text;
}

RunningConfig::RunningConfig(std::string file, Config config, telemetry::WallClock::time_point now)
    : file_(std::move(file)), config_(std::move(config)), since_(utc(now)) {}

RunningConfig::Edit RunningConfig::take(ParsedConfig parsed, telemetry::WallClock::time_point now) {
  Edit edit;
  const bool was_bad = std::exchange(bad_, false);
  for (const Problem& problem : parsed.problems) {
    edit.lines.push_back(line(Level::warn, format_problem(file_, problem)));
  }
  if (!parsed.config) {
    refuse(edit, count_errors(parsed.problems));
    return edit;
  }
  ConfigChanges changes = changes_between(config_, *parsed.config);
  if (!changes.refused.empty()) {
    refuse(edit, fmt::format("{}: needs a restart, as the connection to the cluster and what is "
                             "known of its workers are not replaced in a running daemon",
                             fmt::join(changes.refused, ", ")));
    return edit;
  }
  if (was_bad) edit.lines.push_back(line(Level::info, "the configuration is in order again"));
  for (const std::string& change : changes.lines) {
    edit.lines.push_back(line(Level::info, "configuration changed: " + change));
  }
  if (changes.lines.empty()) {
    edit.lines.push_back(line(Level::info, "configuration read again: nothing changed"));
  }
  if (*parsed.config == config_) return edit;
  config_ = std::move(*parsed.config);
  since_ = utc(now);
  edit.changes = std::move(changes);
  return edit;
}

void RunningConfig::refuse(Edit& edit, const std::string& why) {
  bad_ = true;
  edit.lines.push_back(line(Level::warn, fmt::format("configuration not changed: {}; the one of {} "
                                                     "stays",
                                                     why, since_)));
}

}  // namespace jobscaler::daemon
