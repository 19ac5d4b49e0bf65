#include <catch2/catch.hpp>
#include <set>

#include "jobscaler/engine.h"

using namespace jobscaler;

TEST_CASE("every reason has a name of its own and is listed once, in the order of consideration") {
  std::set<std::string_view> names;
  int order = 0;
  for (const Reason reason : all_reasons()) {
    CHECK(static_cast<int>(reason) == order++);
    CHECK(to_string(reason) != "?");
    names.insert(to_string(reason));
  }
  CHECK(names.size() == all_reasons().size());
  CHECK(all_reasons().back() == Reason::settling);
}
