#include "engine/view.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

namespace {

View ready_view() {
  View view;
  view.marks_loaded();
  view.listed(at(0));
  return view;
}

}  // namespace

TEST_CASE("the workers are unknown until marks and list have come") {
  View view;
  CHECK(view.unknown(at(0)) == "the names' high-water marks have not been read from our Lease yet");
  view.marks_loaded();
  CHECK(view.unknown(at(0)) == "the workers have not been listed yet");
  view.listed(at(0));
  CHECK_FALSE(view.unknown(at(0)));
  CHECK(view.sight(at(7)) == at(7));
  CHECK(view.changes_at(at(7)) == TimePoint::max());
}

TEST_CASE(
    "a watch that is down makes the workers unknown after a minute, and stops their clocks at "
    "once") {
  View view = ready_view();
  view.watch_down(at(10), "connection refused");
  CHECK_FALSE(view.unknown(at(69)));
  CHECK(view.changes_at(at(69)) == at(70));
  CHECK(view.unknown(at(70)) ==
        "the watch on the workers has been down for 1m: connection refused");
  CHECK(view.changes_at(at(70)) == TimePoint::max());
  CHECK(view.sight(at(70)) == at(10));
  view.watch_down(at(60), "still refused");  // down since the first time
  CHECK(view.unknown(at(70)) == "the watch on the workers has been down for 1m: still refused");
}

TEST_CASE("after a gap the missed events are given time to arrive before clocks run on") {
  View view = ready_view();
  view.watch_down(at(10), "");
  view.watch_up(at(100));
  CHECK_FALSE(view.unknown(at(100)));
  CHECK(view.sight(at(104)) == at(10));
  CHECK(view.changes_at(at(104)) == at(105));
  CHECK(view.sight(at(105)) == at(105));
}

TEST_CASE("a list asked for after the gap ends it at once, an older one does not") {
  View view = ready_view();
  view.watch_down(at(10), "");
  view.watch_up(at(100));
  view.listed(at(99));
  CHECK(view.sight(at(101)) == at(10));
  view.listed(at(100));
  CHECK(view.sight(at(101)) == at(101));
}

TEST_CASE("a watch that is up although it was not down changes nothing") {
  View view = ready_view();
  view.watch_up(at(100));
  CHECK(view.sight(at(100)) == at(100));
}

TEST_CASE(
    "waking long after the appointed time is a freeze: nothing is decided while catching up") {
  View view = ready_view();
  view.tick(at(40), at(5), at(10));
  CHECK_FALSE(view.unknown(at(40)));  // late, and no more
  view.tick(at(3605), at(5), at(10));
  CHECK(view.unknown(at(3605)) == "this daemon was stopped for 1h and is catching up");
  CHECK(view.sight(at(3605)) == at(5));
  CHECK(view.changes_at(at(3605)) == at(3610));
  CHECK_FALSE(view.unknown(at(3610)));
  view.tick(at(3605), at(3605), at(10));  // a second event at the same time is no second freeze
  CHECK(view.sight(at(3605)) == at(5));
}
