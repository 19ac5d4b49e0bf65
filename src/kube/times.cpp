#include "kube/times.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <string>

namespace jobscaler::kube {
namespace {

struct Civil {
  int year = 0;
  unsigned month = 0;
  unsigned day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

std::optional<ServerTime> since_1970(const Civil& civil) {
  using namespace std::chrono;
  const year_month_day date{year(civil.year), month(civil.month), day(civil.day)};
  const bool valid = date.ok() && civil.hour >= 0 && civil.hour < 24 && civil.minute >= 0 &&
                     civil.minute < 60 && civil.second >= 0 && civil.second <= 60;
  if (!valid) return std::nullopt;
  return ServerTime(sys_days(date).time_since_epoch() + hours(civil.hour) + minutes(civil.minute) +
                    seconds(civil.second));
}

/// ".123456Z" -> 123,456,000 ns. Absent: not of that form.
std::optional<Duration> parse_fraction(std::string_view text) {
  if (text == "Z") return Duration(0);
  if (text.size() < 3 || text.front() != '.' || text.back() != 'Z') return std::nullopt;
  Duration total(0);
  Duration unit = std::chrono::milliseconds(100);
  for (const char digit : text.substr(1, text.size() - 2)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    total += unit * (digit - '0');
    unit /= 10;
  }
  return total;
}

}  // namespace

std::optional<ServerTime> parse_rfc3339(std::string_view text) {
  constexpr std::size_t kWholeSeconds = 19;  // 2024-01-31T12:00:00
  if (text.size() <= kWholeSeconds) return std::nullopt;
  Civil c;
  int consumed = 0;
  const std::string head(text.substr(0, kWholeSeconds));
  const int fields = std::sscanf(head.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &c.year, &c.month,
                                 &c.day, &c.hour, &c.minute, &c.second, &consumed);
  const auto fraction = parse_fraction(text.substr(kWholeSeconds));
  if (fields != 6 || consumed != static_cast<int>(kWholeSeconds) || !fraction) return std::nullopt;
  const auto time = since_1970(c);
  if (!time) return std::nullopt;
  return *time + *fraction;
}

std::string format_micro_time(ServerTime time) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(time.time_since_epoch());
  const auto micros = duration_cast<microseconds>(time.time_since_epoch() - whole).count();
  const std::time_t since_1970 = whole.count();
  std::tm civil{};
  gmtime_r(&since_1970, &civil);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", civil, micros);
}

std::optional<ServerTime> parse_http_date(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  Civil c;
  char month[4] = "";
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%*3s, %2u %3s %4d %2d:%2d:%2d GMT", &c.day, month, &c.year,
                  &c.hour, &c.minute, &c.second) != 6) {
    return std::nullopt;
  }
  const auto* found = std::find(kMonths.begin(), kMonths.end(), month);
  if (found == kMonths.end()) return std::nullopt;
  c.month = static_cast<unsigned>(found - kMonths.begin()) + 1;
  return since_1970(c);
}

void ServerClock::observe(TimePoint sent, TimePoint received, ServerTime date) {
  const Interval seen{date - received, date + std::chrono::seconds(1) - sent};
  const std::lock_guard lock(mutex_);
  if (!ahead_ || seen.from > ahead_->to || seen.to < ahead_->from) {
    ahead_ = seen;
    return;
  }
  ahead_ = Interval{std::max(seen.from, ahead_->from), std::min(seen.to, ahead_->to)};
}

std::optional<Duration> ServerClock::ahead() const {
  const std::lock_guard lock(mutex_);
  if (!ahead_) return std::nullopt;
  return ahead_->from + (ahead_->to - ahead_->from) / 2;
}

}  // namespace jobscaler::kube
