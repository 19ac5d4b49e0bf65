#include "daemon/reload.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace jobscaler::daemon {
namespace {

constexpr auto kLookEvery = std::chrono::seconds(5);
/// A file that an editor writes in place is looked at when it has not changed for this long.
constexpr auto kAtRest = std::chrono::milliseconds(100);
constexpr auto kGoodByeTime = std::chrono::seconds(1);
/// Of the problems of one edit that are logged: a file that is something else has one in each line.
constexpr std::size_t kMostProblems = 20;

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

struct ConfigWatch::Shared {
  Shared(std::string f, Result<std::string> text, Mailbox& m)
      : file(std::move(f)), seen(std::move(text)), mailbox(&m) {}

  void run();
  std::optional<bool> wait_for_work();
  Result<std::string> read_at_rest();
  void post(ParsedConfig parsed);

  const std::string file;
  Result<std::string> seen;  // the thread's own

  std::mutex mutex;  // guards the rest
  std::condition_variable changed;
  Mailbox* mailbox;  // null: it is time to stop
  bool ended = false;
  bool asked = false;
  std::optional<ParsedConfig> news;
};

ConfigWatch::ConfigWatch(std::string file, Result<std::string> text, Mailbox& mailbox)
    : shared_(std::make_shared<Shared>(std::move(file), std::move(text), mailbox)),
      thread_([shared = shared_] { shared->run(); }) {}

ConfigWatch::~ConfigWatch() {
  std::unique_lock lock(shared_->mutex);
  shared_->mailbox = nullptr;
  shared_->changed.notify_all();
  const bool ended =
      shared_->changed.wait_for(lock, kGoodByeTime, [this] { return shared_->ended; });
  lock.unlock();
  ended ? thread_.join() : thread_.detach();
}

void ConfigWatch::look() {
  const std::lock_guard lock(shared_->mutex);
  shared_->asked = true;
  shared_->changed.notify_all();
}

std::optional<ParsedConfig> ConfigWatch::take() {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->news, std::nullopt);
}

void ConfigWatch::Shared::run() {
  while (const auto was_asked = wait_for_work()) {
    const auto text = read_at_rest();
    if (!*was_asked && is_same(text, seen)) continue;
    seen = text;
    post(parse_config(text));
  }
  const std::lock_guard lock(mutex);
  ended = true;
  changed.notify_all();
}

/// Whether somebody asked for it; nothing: it is time to stop.
std::optional<bool> ConfigWatch::Shared::wait_for_work() {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, kLookEvery, [this] { return mailbox == nullptr || asked; });
  if (mailbox == nullptr) return std::nullopt;
  return std::exchange(asked, false);
}

Result<std::string> ConfigWatch::Shared::read_at_rest() {
  auto text = read_config(file);
  for (auto before = seen; !is_same(text, before); text = read_config(file)) {
    before = text;
    std::unique_lock lock(mutex);
    if (changed.wait_for(lock, kAtRest, [this] { return mailbox == nullptr; })) break;
  }
  return text;
}

void ConfigWatch::Shared::post(ParsedConfig parsed) {
  const std::lock_guard lock(mutex);
  if (mailbox == nullptr) return;
  news = std::move(parsed);
  mailbox->wake();
}

RunningConfig::RunningConfig(std::string file, Config config, telemetry::WallClock::time_point now)
    : file_(std::move(file)), config_(std::move(config)), since_(utc(now)) {}

RunningConfig::Edit RunningConfig::take(ParsedConfig parsed, telemetry::WallClock::time_point now) {
  Edit edit;
  const bool was_bad = std::exchange(bad_, false);
  for (const Problem& problem : parsed.problems) {
    if (edit.lines.size() == kMostProblems) {
      edit.lines.push_back(
          line(Level::warn, fmt::format("and {} more; jobscaler check --config {} says them all",
                                        parsed.problems.size() - kMostProblems, file_)));
      break;
    }
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
