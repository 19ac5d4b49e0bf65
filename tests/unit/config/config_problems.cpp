#include <fmt/format.h>

#include <string_view>

#include "config/config.h"
#include "config/keys.h"

/// For schema_test.py: the parser's verdict on each FILE ("FILE: ok" or "FILE: refused", after its
/// problems), or with --keys every key the parser knows, one "PATH KEY" per line.
int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--keys") {
    for (const auto* keys : jobscaler::config::all_keys()) {
      for (const std::string_view name : keys->names) fmt::print("{} {}\n", keys->path, name);
    }
    return 0;
  }
  for (int i = 1; i < argc; ++i) {
    const auto parsed = jobscaler::load_config(argv[i]);
    for (const auto& problem : parsed.problems) {
      fmt::print("{}\n", jobscaler::format_problem(argv[i], problem));
    }
    fmt::print("{}: {}\n", argv[i], parsed.config ? "ok" : "refused");
  }
  return 0;
}
