// The README's table of reasons cannot drift from the enum.

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <vector>

#include "jobscaler/engine.h"

using namespace jobscaler;

TEST_CASE("the README's table lists every reason, in the order in which they are considered") {
  std::ifstream readme(README_FILE);
  REQUIRE(readme);
  std::vector<std::string> listed;
  bool in_section = false;
  for (std::string line; std::getline(readme, line);) {
    if (line.rfind("## ", 0) == 0) in_section = line == "## Reasons";
    if (in_section && line.rfind("| `", 0) == 0) {
      listed.push_back(line.substr(3, line.find('`', 3) - 3));
    }
  }
  std::vector<std::string> reasons;
  for (Reason reason : all_reasons()) reasons.emplace_back(to_string(reason));
  CHECK(listed == reasons);
}
