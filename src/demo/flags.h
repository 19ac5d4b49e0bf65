#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace jobscaler::demo {

/// One command line option. `accept` stores the value, or answers what would be allowed instead.
struct Flag {
  std::string name;   ///< "--queue"
  std::string value;  ///< how the help calls the value; empty: the option takes none
  std::string help;
  std::function<std::optional<std::string>(const std::string&)> accept;
};

/// Hands each of `args` (--name VALUE or --name=VALUE) to its flag; the first thing that is wrong,
/// in words, or nothing.
std::optional<std::string> parse_flags(const std::vector<Flag>& flags,
                                       const std::vector<std::string>& args);

/// One line per flag.
std::string help_text(const std::vector<Flag>& flags);

/// What `accept` is made of. The targets must outlive the flag.
std::function<std::optional<std::string>(const std::string&)> text(std::string& target);
std::function<std::optional<std::string>(const std::string&)> number(int& target, int least,
                                                                     int most);
std::function<std::optional<std::string>(const std::string&)> duration(
    std::chrono::milliseconds& target);
std::function<std::optional<std::string>(const std::string&)> duration(
    std::optional<std::chrono::milliseconds>& target);
std::function<std::optional<std::string>(const std::string&)> set(bool& target);

}  // namespace jobscaler::demo
