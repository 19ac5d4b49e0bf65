#include "engine/windows.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

namespace {

const NodeGroupSpec kOne = group("default", 1);
const NodeGroupSpec kThree = group("spot", 3);
const NodeGroupSpec kCapped = [] {
  NodeGroupSpec spec = group("capped", 2);
  spec.max_workers = 5;
  return spec;
}();

GroupView full(const NodeGroupSpec& spec, std::string words) {
  GroupView view{&spec, spec.window, spec.window};
  view.holder_words = std::move(words);
  return view;
}

GroupView without_place(const NodeGroupSpec& spec, std::string words) {
  GroupView view{&spec, 0, 1};
  view.no_place = true;
  view.no_place_words = std::move(words);
  return view;
}

}  // namespace

TEST_CASE("the least loaded open window is chosen, the first of equals") {
  using Groups = std::vector<GroupView>;
  CHECK(choose_group(Groups{{&kOne, 0, 0}, {&kThree, 0, 0}}) == 0);
  CHECK(choose_group(Groups{{&kThree, 1, 1}, {&kOne, 0, 0}}) == 1);
  CHECK(choose_group(Groups{{&kOne, 1, 9}, {&kThree, 2, 2}}) == 1);
  CHECK(choose_group(Groups{{&kThree, 1, 1}, {&kCapped, 1, 1}}) == 0);  // 1/3 < 1/2
  CHECK_FALSE(choose_group(Groups{{&kOne, 1, 1}, {&kThree, 3, 3}}).has_value());
  CHECK_FALSE(choose_group(Groups{{&kOne, 2, 2}}).has_value());
  CHECK_FALSE(choose_group(Groups{{&kCapped, 0, 5}}).has_value());
  CHECK(choose_group(Groups{{&kCapped, 0, 4}}) == 0);
  CHECK_FALSE(choose_group(Groups{without_place(kOne, "x")}).has_value());
}

TEST_CASE("at the maximum is said when every group is") {
  CHECK_FALSE(all_at_max({{&kCapped, 0, 5}, {&kOne, 0, 0}}).has_value());
  CHECK(all_at_max({{&kCapped, 0, 5}}) == "node group capped has 5 of 5 workers");
}

TEST_CASE("without a place is said when every group that is not at its maximum is so") {
  CHECK_FALSE(all_without_place({without_place(kOne, "x"), {&kThree, 0, 0}}).has_value());
  CHECK(all_without_place({without_place(kOne, "orders-1 pending 16m")}) == "orders-1 pending 16m");
  CHECK(all_without_place({without_place(kOne, "a"), without_place(kThree, "b")}) ==
        "default: a; spot: b");
  CHECK(all_without_place({{&kCapped, 0, 5}, without_place(kThree, "b")}) == "spot: b");
}

TEST_CASE("full is said of every window that is worth waiting for") {
  CHECK_FALSE(all_full({full(kOne, "a"), {&kThree, 2, 2}}).has_value());
  CHECK(all_full({full(kOne, "orders-1 pending 8s")}) == "orders-1 pending 8s");
  CHECK(all_full({full(kOne, "a"), full(kThree, "b")}) == "default: a; spot: b");
  CHECK(all_full({without_place(kOne, "a"), full(kThree, "b")}) == "spot: b");
}
