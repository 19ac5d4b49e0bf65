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

TEST_CASE("who leads since a while knows the workers from lists asked for since then") {
  View view = ready_view();
  view.listed(at(40));
  view.leads_since(at(50));
  CHECK(view.unknown(at(52)) == "this daemon leads since 2s; the workers are not listed yet");
  CHECK(view.sight(at(52)) == at(40));
  CHECK(view.changes_at(at(52)) == TimePoint::max());
  view.listed(at(49.9));
  CHECK(view.unknown(at(53)));
  CHECK(view.sight(at(53)) == at(49.9));
  view.listed(at(50));
  CHECK_FALSE(view.unknown(at(53)));
  CHECK(view.sight(at(53)) == at(53));
  view.listed(at(45));  // an older one does not take that away
  CHECK_FALSE(view.unknown(at(53)));
}

TEST_CASE("a gap and a new leadership both limit what is in sight") {
  View view = ready_view();
  view.watch_down(at(10), "", at(10));
  view.leads_since(at(20));
  CHECK(view.sight(at(21)) == at(0));
  view.listed(at(20));
  CHECK(view.sight(at(21)) == at(20));
}

TEST_CASE(
    "a watch that is down makes the workers unknown after a minute, and stops their clocks at "
    "once") {
  View view = ready_view();
  view.watch_down(at(10), "connection refused", at(10));
  CHECK_FALSE(view.unknown(at(69)));
  CHECK(view.changes_at(at(69)) == at(70));
  CHECK(view.unknown(at(70)) ==
        "the watch on the workers has been down for 1m: connection refused");
  CHECK(view.changes_at(at(70)) == TimePoint::max());
  CHECK(view.sight(at(70)) == at(10));
  view.watch_down(at(60), "still refused", at(60));  // down since the first time
  CHECK(view.unknown(at(70)) == "the watch on the workers has been down for 1m: still refused");
}

TEST_CASE("after a gap the missed events are given time to arrive before clocks run on") {
  View view = ready_view();
  view.watch_down(at(10), "", at(10));
  view.watch_up(at(60));
  CHECK_FALSE(view.unknown(at(60)));
  CHECK(view.sight(at(64)) == at(10));
  CHECK(view.changes_at(at(64)) == at(65));
  CHECK(view.sight(at(65)) == at(65));
}

TEST_CASE("after a gap over the deadline nothing is known until the missed events have come") {
  View view = ready_view();
  view.watch_down(at(10), "", at(10));
  view.watch_up(at(70));
  CHECK(view.unknown(at(70)) ==
        "the watch on the workers was down for 1m; what it missed is awaited");
  CHECK(view.unknown(at(99)));
  CHECK(view.changes_at(at(99)) == at(100));
  CHECK_FALSE(view.unknown(at(100)));
  view.listed(at(70));
  CHECK_FALSE(view.unknown(at(71)));
}

TEST_CASE("a list that comes while the watch is down tells of what was before it") {
  View view = ready_view();
  view.watch_down(at(10), "", at(10));
  view.listed(at(900));
  CHECK(view.sight(at(901)) == at(900));
  CHECK_FALSE(view.unknown(at(901)));
  view.watch_up(at(902));
  CHECK_FALSE(view.unknown(at(902)));
  CHECK(view.sight(at(906)) == at(900));
  CHECK(view.sight(at(907)) == at(907));
}

TEST_CASE("what goes wrong while a gap is caught up with makes it longer") {
  View view = ready_view();
  view.watch_down(at(10), "", at(10));
  view.watch_up(at(100));

  SECTION("the watch is lost again") {
    view.watch_down(at(101), "boom", at(102));
    CHECK(view.sight(at(102)) == at(10));
    CHECK(view.unknown(at(102)) == "the watch on the workers has been down for 1m32s: boom");
    view.watch_up(at(103));
    CHECK(view.sight(at(132)) == at(10));
    CHECK(view.sight(at(133)) == at(133));
  }
  SECTION("the process is stopped") {
    view.tick(at(200), at(101), at(102));
    CHECK(view.sight(at(229)) == at(10));
    CHECK(view.unknown(at(229)) == "this daemon was stopped for 1m39s and is catching up");
    CHECK(view.sight(at(230)) == at(230));
  }
  SECTION("but not when it has been caught up with") {
    view.watch_down(at(131), "", at(131));
    CHECK(view.sight(at(132)) == at(131));
    CHECK_FALSE(view.unknown(at(132)));
  }
}

TEST_CASE("a daemon stopped while the watch is down is still without it when it goes on") {
  View view = ready_view();
  view.watch_down(at(10), "refused", at(10));
  view.tick(at(100), at(12), at(13));
  CHECK(view.unknown(at(200)) == "the watch on the workers has been down for 3m10s: refused");
  view.watch_up(at(200));
  CHECK(view.unknown(at(200)) == "this daemon was stopped for 1m28s and is catching up");
}

TEST_CASE("a list asked for after the gap ends it at once, an older one makes it shorter") {
  View view = ready_view();
  view.watch_down(at(10), "", at(10));
  view.watch_up(at(100));
  view.listed(at(99));
  CHECK(view.sight(at(101)) == at(99));
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
  CHECK(view.changes_at(at(3605)) == at(3635));
  CHECK_FALSE(view.unknown(at(3635)));
  view.tick(at(3605), at(3605), at(10));  // a second event at the same time is no second freeze
  CHECK(view.sight(at(3605)) == at(5));
}
