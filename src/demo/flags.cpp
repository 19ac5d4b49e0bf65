#include "demo/flags.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace jobscaler::demo {
namespace {

using Accept = std::function<std::optional<std::string>(const std::string&)>;

template <typename Number>
std::optional<Number> whole_number(std::string_view text) {
  Number value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  static constexpr std::pair<std::string_view, std::int64_t> kUnits[] = {
      {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}};
  const auto unit_at = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = whole_number<std::uint32_t>(text.substr(0, unit_at));
  if (!count) return std::nullopt;
  for (const auto& [unit, milliseconds] : kUnits) {
    if (text.substr(unit_at) == unit) return std::chrono::milliseconds(*count * milliseconds);
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> parse_flags(const std::vector<Flag>& flags,
                                       const std::vector<std::string>& args) {
  for (auto arg = args.begin(); arg != args.end(); ++arg) {
    const auto equals = arg->find('=');
    const std::string name = arg->substr(0, equals);
    const auto flag = std::find_if(flags.begin(), flags.end(),
                                   [&](const Flag& candidate) { return candidate.name == name; });
    if (flag == flags.end()) {
      // Neither whole nor at all when it is no option: it may be a URL with a password.
      if (name.starts_with("--")) return fmt::format("'{}' is not an option", name);
      return fmt::format("argument {} belongs to no option", arg - args.begin() + 1);
    }

    std::string value;
    if (flag->value.empty()) {
      if (equals != std::string::npos) return fmt::format("{} takes no value", name);
    } else if (equals != std::string::npos) {
      value = arg->substr(equals + 1);
    } else if (++arg != args.end()) {
      value = *arg;
    } else {
      return fmt::format("{} needs a value: {} {}", name, name, flag->value);
    }
    if (const auto allowed = flag->accept(value))
      return fmt::format("{}: '{}' is not {}", name, value, *allowed);
  }
  return std::nullopt;
}

std::string help_text(const std::vector<Flag>& flags) {
  std::string help;
  for (const Flag& flag : flags)
    help += fmt::format("  {:<24} {}\n", flag.name + (flag.value.empty() ? "" : " ") + flag.value,
                        flag.help);
  return help;
}

Accept text(std::string& target) {
  return [&target](const std::string& value) -> std::optional<std::string> {
    if (value.empty()) return "a text of at least one character";
    target = value;
    return std::nullopt;
  };
}

Accept number(int& target, int least, int most) {
  return [&target, least, most](const std::string& value) -> std::optional<std::string> {
    const auto parsed = whole_number<int>(value);
    if (!parsed || *parsed < least || *parsed > most)
      return fmt::format("a whole number from {} to {}", least, most);
    target = *parsed;
    return std::nullopt;
  };
}

Accept duration(std::chrono::milliseconds& target) {
  return [&target](const std::string& value) -> std::optional<std::string> {
    const auto parsed = parse_duration(value);
    if (!parsed) return "a duration such as 250ms, 10s, 5m or 1h";
    target = *parsed;
    return std::nullopt;
  };
}

Accept duration(std::optional<std::chrono::milliseconds>& target) {
  return [&target](const std::string& value) { return duration(target.emplace())(value); };
}

Accept set(bool& target) {
  return [&target](const std::string&) -> std::optional<std::string> {
    target = true;
    return std::nullopt;
  };
}

}  // namespace jobscaler::demo
