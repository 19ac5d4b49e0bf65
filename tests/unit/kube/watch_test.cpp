#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "kube/watch.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace std::chrono_literals;

namespace {

using Do = Watch::Next::Do;

/// Writes down what it is told: "began listed:a changed:b deleted:c ended synced lost:words".
struct Recorder : WatchSink {
  void add(const std::string& what) { log += (log.empty() ? "" : " ") + what; }
  void list_began(TimePoint) override { add("began"); }
  void listed(const Json& o) override { add("listed:" + text(o, {"metadata", "name"})); }
  void list_ended() override { add("ended"); }
  void changed(const Json& o) override { add("changed:" + text(o, {"metadata", "name"})); }
  void deleted(const Json& o) override { add("deleted:" + text(o, {"metadata", "name"})); }
  void synced() override { add("synced"); }
  void lost(TimePoint when, const std::string& words) override {
    since = when;
    last_words = words;
    add("lost");
  }
  std::string take() { return std::exchange(log, ""); }

  std::string log;
  std::string last_words;
  TimePoint since{};
};

std::string unquoted(std::string text) {
  for (auto& c : text) {
    if (c == '\'') c = '"';
  }
  return text;
}

std::string object(const std::string& name, const std::string& version) {
  return unquoted(
      fmt::format("{{'metadata': {{'name': '{}', 'resourceVersion': '{}'}}}}", name, version));
}

std::string event(const std::string& type, const std::string& name, const std::string& version) {
  return unquoted(fmt::format("{{'type': '{}', 'object': ", type)) + object(name, version) + "}";
}

std::string error_event(int code, const std::string& message, int retry_after = 0) {
  return unquoted(
      fmt::format("{{'type': 'ERROR', 'object': {{'kind': 'Status', 'code': {}, "
                  "'message': '{}', 'details': {{'retryAfterSeconds': {}}}}}}}",
                  code, message, retry_after));
}

http::Response page(const std::vector<std::string>& objects, const std::string& version,
                    const std::string& token = "") {
  std::string items;
  for (const auto& o : objects) items += (items.empty() ? "" : ",") + o;
  return {200,
          unquoted(fmt::format("{{'metadata': {{'resourceVersion': '{}', 'continue': '{}'}}, "
                               "'items': [",
                               version, token)) +
              items + "]}",
          {}};
}

http::Response refusal(int code, const std::string& message = "no") {
  return {code,
          unquoted(fmt::format("{{'kind': 'Status', 'code': {}, 'message': '{}'}}", code, message)),
          {}};
}

const http::Response kCleanEnd{200, "", {}};
const Error kCut{ErrorKind::unavailable,
                 "https://h: connection closed in the middle of its answer"};
const Error kRefused{ErrorKind::unavailable, "https://h: connection refused"};

/// A Watch, its recorder and a clock that stands still unless it is moved. No jitter: waits are 0.8
/// s, 1.6 s, 3.2 s ...
struct Bench {
  TimePoint now{1000s};
  double random = 0;
  Recorder sink;
  Watch watch{
      {"list and watch", "jobs.batch", "workers"}, "a=b,c=d", now, [this] { return random; }, sink};

  Duration wait() { return watch.next().at - now; }
  Do what() { return watch.next().what; }
  bool query_has(const std::string& part) {
    return watch.next().query.find(part) != std::string::npos;
  }
  void list(const Result<http::Response>& answer) {
    watch.list_asked(now);
    watch.list_answered(answer, now);
  }
  /// Listed at version 100, and watching.
  void sync() {
    list(page({object("a", "90")}, "100"));
    watch.next();
    watch.watch_opened(now);
    sink.take();
  }
};

}  // namespace

TEST_CASE("a watch starts where the list ended") {
  Bench bench;
  CHECK(bench.what() == Do::list);
  CHECK(bench.query_has("limit=500"));
  CHECK(bench.query_has("labelSelector=a%3Db%2Cc%3Dd"));
  bench.list(page({object("a", "90"), object("b", "95")}, "100"));
  CHECK(bench.sink.take() == "began listed:a listed:b ended");
  CHECK(bench.what() == Do::watch);
  CHECK(bench.query_has("resourceVersion=100"));
  CHECK(bench.query_has("allowWatchBookmarks=true"));
  CHECK(bench.wait() <= 0s);
}

TEST_CASE("a watch is asked for 60 to 120 s, and a little more is waited for it") {
  Bench bench;
  bench.sync();
  CHECK(bench.query_has("timeoutSeconds=60"));
  CHECK(bench.watch.next().idle_timeout == 65s);
  bench.random = 0.999;
  CHECK(bench.query_has("timeoutSeconds=119"));
}

TEST_CASE("a list comes in pages") {
  Bench bench;
  bench.list(page({object("a", "1")}, "100", "tok en"));
  CHECK(bench.sink.take() == "began listed:a");
  CHECK(bench.what() == Do::list);
  CHECK(bench.query_has("continue=tok%20en"));
  bench.list(page({object("b", "2")}, "101"));
  CHECK(bench.sink.take() == "listed:b ended");
  CHECK(bench.query_has("resourceVersion=101"));
}

TEST_CASE("a page whose token is too old starts the list over, without a word") {
  Bench bench;
  bench.list(page({object("a", "1")}, "100", "token"));
  bench.list(refusal(410));
  CHECK(bench.what() == Do::list);
  CHECK_FALSE(bench.query_has("continue="));
  CHECK(bench.wait() <= 0s);
  bench.sink.take();
  bench.list(page({object("b", "1")}, "200"));
  CHECK(bench.sink.take() == "began listed:b ended");
}

TEST_CASE("a token that is always too old is not tried without a pause") {
  Bench bench;
  bench.list(page({}, "100", "token"));
  bench.list(refusal(410));
  bench.list(page({}, "100", "token"));
  bench.list(refusal(410));
  CHECK(bench.wait() == 800ms);
}

TEST_CASE("a list that is none is an error, not an empty list") {
  for (const auto* body : {"", "not JSON", "{}", "[]", R"({"items": []})",
                           R"({"metadata": {"resourceVersion": ""}, "items": []})",
                           R"({"metadata": {"resourceVersion": "5"}})"}) {
    INFO(body);
    Bench bench;
    bench.list(http::Response{200, body, {}});
    CHECK(bench.sink.take() == "began lost");
    CHECK(bench.sink.last_words == "the API server's list of jobs.batch is not a list");
    CHECK(bench.what() == Do::list);
  }
}

TEST_CASE("a list whose items are no array is not an empty one") {
  for (const auto* items : {"{}", "\"none\"", "0", "false"}) {
    INFO(items);
    Bench bench;
    bench.list(http::Response{
        200, fmt::format(R"({{"metadata": {{"resourceVersion": "5"}}, "items": {}}})", items), {}});
    CHECK(bench.sink.take() == "began lost");
    CHECK(bench.sink.last_words == "the API server's list of jobs.batch is not a list");
  }
}

TEST_CASE("an empty list is a list") {
  Bench bench;
  bench.list(http::Response{200, R"({"metadata": {"resourceVersion": "5"}, "items": null})", {}});
  CHECK(bench.sink.take() == "began ended");
}

TEST_CASE("a failing list waits longer each time, up to 30 s") {
  Bench bench;
  std::vector<Duration> waits;
  for (int i = 0; i < 8; ++i) {
    bench.list(kCut);
    waits.push_back(bench.wait());
    bench.now += waits.back();
  }
  CHECK(waits == std::vector<Duration>{800ms, 1600ms, 3200ms, 6400ms, 12800ms, 25600ms, 30s, 30s});
  CHECK(bench.sink.since == TimePoint(1000s));  // never current since it began
}

TEST_CASE("waits are jittered") {
  Bench bench;
  bench.random = 0.5;
  bench.list(kCut);
  CHECK(bench.wait() == 1200ms);
}

TEST_CASE("two minutes without a failure start the waits over") {
  Bench bench;
  bench.list(kCut);
  bench.list(kCut);
  bench.now += 3min;
  bench.list(kCut);
  CHECK(bench.wait() == 800ms);
}

TEST_CASE("the server's wish to wait is granted when it is longer") {
  Bench bench;
  auto slow = refusal(429);
  slow.headers["retry-after"] = "17";
  bench.list(slow);
  CHECK(bench.wait() == 17s);
}

TEST_CASE("events are told and move the version on") {
  Bench bench;
  bench.sync();
  CHECK(bench.watch.line(event("ADDED", "b", "101"), bench.now));
  CHECK(bench.watch.line(event("MODIFIED", "b", "102"), bench.now));
  CHECK(bench.watch.line(event("DELETED", "a", "103"), bench.now));
  CHECK(bench.sink.take() == "changed:b changed:b deleted:a");
  CHECK(bench.query_has("resourceVersion=103"));
}

TEST_CASE("a bookmark moves the version on and is told nobody") {
  Bench bench;
  bench.sync();
  CHECK(bench.watch.line(event("BOOKMARK", "", "500"), bench.now));
  CHECK(bench.sink.take().empty());
  CHECK(bench.query_has("resourceVersion=500"));
}

TEST_CASE("an event of a type yet to be invented is skipped") {
  Bench bench;
  bench.sync();
  CHECK(bench.watch.line(event("COMPRESSED", "x", "101"), bench.now));
  CHECK(bench.sink.take().empty());
}

TEST_CASE("a watch is current from its opening, and says so once") {
  Bench bench;
  bench.list(page({}, "100"));
  bench.sink.take();
  bench.watch.watch_opened(bench.now);
  CHECK(bench.sink.take() == "synced");
  bench.now += 400s;
  bench.watch.watch_ended(kCleanEnd, bench.now);
  bench.watch.watch_opened(bench.now);
  CHECK(bench.sink.take().empty());
}

TEST_CASE("a watch that ended cleanly is taken up again at once, from where it was") {
  Bench bench;
  bench.sync();
  bench.watch.line(event("ADDED", "b", "101"), bench.now);
  bench.sink.take();
  bench.watch.watch_ended(kCleanEnd, bench.now);
  CHECK(bench.sink.take().empty());
  CHECK(bench.what() == Do::watch);
  CHECK(bench.query_has("resourceVersion=101"));
  CHECK(bench.wait() <= 0s);
}

TEST_CASE("a watch that ends as soon as it is opened is a failure") {
  Bench bench;
  bench.sync();
  bench.now += 900ms;
  bench.watch.watch_ended(kCleanEnd, bench.now);
  CHECK(bench.sink.take() == "lost");
  CHECK(bench.sink.last_words == "the watch on jobs.batch ends as soon as it is opened");
  CHECK(bench.wait() == 800ms);
  CHECK(bench.what() == Do::watch);
}

TEST_CASE("an empty line means nothing") {
  Bench bench;
  bench.sync();
  CHECK(bench.watch.line("", bench.now));
  CHECK(bench.watch.line(event("ADDED", "b", "101"), bench.now));
  CHECK(bench.sink.take() == "changed:b");
  bench.sync();
  bench.watch.line("", bench.now);
  bench.watch.watch_ended(kCleanEnd, bench.now);
  CHECK(bench.sink.take() == "lost");
  CHECK(bench.sink.last_words == "the watch on jobs.batch ends as soon as it is opened");
  CHECK(bench.wait() == 800ms);
}

TEST_CASE("a watch that repeats itself and ends is a failure") {
  for (const Result<http::Response>& end : {Result<http::Response>(kCleanEnd), {kCut}}) {
    Bench bench;
    bench.sync();
    CHECK(bench.watch.line(event("BOOKMARK", "", "100"), bench.now));
    bench.watch.watch_ended(end, bench.now);
    CHECK(bench.sink.take() == "lost");
    CHECK(bench.what() == Do::watch);
    CHECK(bench.wait() == 800ms);
  }
}

TEST_CASE("a cut watch is taken up again at once, from where it was, without a word") {
  Bench bench;
  bench.sync();
  for (int cuts = 0; cuts < 20; ++cuts) {
    bench.now += 20s;
    bench.watch.watch_ended(kCut, bench.now);
    CHECK(bench.what() == Do::watch);
    CHECK(bench.query_has("resourceVersion=100"));
    CHECK(bench.wait() == 0s);
    bench.watch.watch_opened(bench.now);
    CHECK(bench.sink.take().empty());
  }
}

TEST_CASE("a watch cut right after it brought something is taken up again at once") {
  Bench bench;
  bench.sync();
  bench.watch.line(event("MODIFIED", "a", "101"), bench.now);
  bench.watch.watch_ended(kCut, bench.now);
  CHECK(bench.wait() == 0s);
  CHECK(bench.query_has("resourceVersion=101"));
}

TEST_CASE("a cut watch that cannot be taken up again is lost since the cut") {
  Bench bench;
  bench.sync();
  bench.now += 20s;
  const auto cut_at = bench.now;
  bench.watch.watch_ended(kCut, bench.now);
  bench.now += 3s;
  bench.watch.watch_ended(kRefused, bench.now);
  CHECK(bench.sink.take() == "lost");
  CHECK(bench.sink.last_words == kRefused.message);
  CHECK(bench.sink.since == cut_at);
  CHECK(bench.what() == Do::watch);
  CHECK(bench.query_has("resourceVersion=100"));
  CHECK(bench.wait() == 800ms);
  bench.watch.watch_opened(bench.now);
  CHECK(bench.sink.take() == "synced");
}

TEST_CASE("a watch that is cut as soon as it is opened is a failure") {
  Bench bench;
  bench.sync();
  bench.watch.watch_ended(kCut, bench.now);
  CHECK(bench.sink.take() == "lost");
  CHECK(bench.sink.last_words == kCut.message);
  CHECK(bench.wait() == 800ms);
}

TEST_CASE("a watch that was silent for its idle timeout is lost since it was last heard") {
  Bench bench;
  bench.sync();
  bench.now += 10s;
  bench.watch.line(event("BOOKMARK", "", "101"), bench.now);
  bench.now += 65s;
  bench.watch.watch_ended(kCut, bench.now);
  CHECK(bench.sink.since == TimePoint(1010s));
}

TEST_CASE("since when a view is lost does not move while it stays lost") {
  Bench bench;
  bench.sync();
  bench.now += 20s;
  bench.watch.watch_ended(kCut, bench.now);
  bench.now += 60s;
  bench.watch.watch_ended(kCut, bench.now);
  CHECK(bench.sink.since == TimePoint(1020s));
}

TEST_CASE("an ERROR 410 inside the stream lists again at once, and is no outage") {
  Bench bench;
  bench.sync();
  CHECK_FALSE(bench.watch.line(error_event(410, "too old resource version"), bench.now));
  bench.watch.watch_ended(kCleanEnd, bench.now);
  CHECK(bench.sink.take().empty());
  CHECK(bench.what() == Do::list);
  CHECK(bench.wait() <= 0s);
}

TEST_CASE("a 410 instead of a stream lists again, too") {
  Bench bench;
  bench.sync();
  bench.watch.watch_ended(refusal(410), bench.now);
  CHECK(bench.sink.take().empty());
  CHECK(bench.what() == Do::list);
}

TEST_CASE("410 again and again is not answered by listing without a pause") {
  Bench bench;
  for (int i = 0; i < 2; ++i) {
    bench.list(page({}, "100"));
    bench.watch.watch_opened(bench.now);
    bench.watch.line(error_event(410, "gone"), bench.now);
    bench.watch.watch_ended(kCleanEnd, bench.now);
  }
  CHECK(bench.wait() == 800ms);
}

TEST_CASE("an ERROR 429 waits as it says and watches again from the same version") {
  Bench bench;
  bench.sync();
  CHECK_FALSE(bench.watch.line(error_event(429, "slow down", 9), bench.now));
  bench.watch.watch_ended(kCleanEnd, bench.now);
  CHECK(bench.what() == Do::watch);
  CHECK(bench.query_has("resourceVersion=100"));
  CHECK(bench.wait() == 9s);
  CHECK(bench.sink.last_words ==
        "cannot list and watch jobs.batch in namespace workers (429): slow down");
}

TEST_CASE("any other ERROR waits and lists again") {
  Bench bench;
  bench.sync();
  CHECK_FALSE(bench.watch.line(error_event(500, "boom"), bench.now));
  bench.watch.watch_ended(kCleanEnd, bench.now);
  CHECK(bench.sink.take() == "lost");
  CHECK(bench.what() == Do::list);
  CHECK(bench.wait() == 800ms);
}

TEST_CASE("a line that cannot be understood lists again and is quoted") {
  for (const std::string line : {"half a line {", " ", "{}", "7", R"({"type": "ADDED"})",
                                 R"({"type": "ADDED", "object": {}})",
                                 R"({"type": "ADDED", "object": {"name": "\ud800\u0041"}})",
                                 R"({"object": {"metadata": {"resourceVersion": "5"}}})"}) {
    INFO(line);
    Bench bench;
    bench.sync();
    CHECK_FALSE(bench.watch.line(line, bench.now));
    bench.watch.watch_ended(kCleanEnd, bench.now);
    CHECK(bench.sink.take() == "lost");
    CHECK(bench.sink.last_words == "a line of the watch on jobs.batch makes no sense: " + line);
    CHECK(bench.what() == Do::list);
  }
}

TEST_CASE("a refused watch says what is not allowed, and keeps its version") {
  Bench bench;
  bench.sync();
  bench.watch.watch_ended(refusal(403, "forbidden"), bench.now);
  CHECK(bench.sink.last_words ==
        "not allowed to list and watch jobs.batch in namespace workers (403): forbidden; grant the "
        "verb in the Role that our account is bound to");
  CHECK(bench.what() == Do::watch);
}

TEST_CASE("a list that fails after a 410 is an outage since the view was last current") {
  Bench bench;
  bench.sync();
  bench.now += 50s;
  bench.watch.line(event("BOOKMARK", "", "101"), bench.now);
  bench.now += 20s;
  bench.watch.line(error_event(410, "gone"), bench.now);
  bench.watch.watch_ended(kCleanEnd, bench.now);
  bench.now += 5s;
  bench.list(kCut);
  CHECK(bench.sink.take() == "began lost");
  CHECK(bench.sink.since == TimePoint(1050s));
}

TEST_CASE("a stream that brings nothing but an ERROR does not end an outage") {
  Bench bench;
  bench.sync();
  bench.now += 20s;
  bench.watch.watch_ended(kCut, bench.now);
  bench.now += 50s;
  bench.watch.watch_ended(kRefused, bench.now);
  bench.watch.watch_opened(bench.now);
  bench.watch.line(error_event(410, "gone"), bench.now);
  bench.watch.watch_ended(kCleanEnd, bench.now);
  bench.list(kRefused);
  CHECK(bench.sink.take() == "lost synced began lost");
  CHECK(bench.sink.since == TimePoint(1020s));
}

TEST_CASE("a list makes the view as current as it was asked for") {
  Bench bench;
  bench.now += 50s;
  bench.watch.list_asked(bench.now);
  bench.now += 5s;
  bench.watch.list_answered(page({}, "100"), bench.now);
  bench.watch.watch_ended(kRefused, bench.now);
  CHECK(bench.sink.since == TimePoint(1050s));
}

TEST_CASE("after an outage of a minute there is a list before the watch goes on") {
  Bench bench;
  bench.sync();
  bench.now += 20s;
  bench.watch.watch_ended(kCut, bench.now);
  bench.now += 59s;
  bench.watch.watch_ended(kRefused, bench.now);
  CHECK(bench.what() == Do::watch);
  bench.now += 1s;
  bench.watch.watch_ended(kRefused, bench.now);
  CHECK(bench.what() == Do::list);
}

TEST_CASE("a list that is asked for while a watch is open comes at once, without a word") {
  Bench bench;
  bench.sync();
  bench.now += 10s;
  bench.watch.list_anew(bench.now);
  CHECK(bench.what() == Do::list);
  CHECK(bench.wait() <= 0s);
  CHECK(bench.watch.list_asked_at() == bench.now - 10s);
  bench.list(page({object("b", "1")}, "200"));
  CHECK(bench.watch.list_asked_at() == bench.now);
  CHECK(bench.query_has("resourceVersion=200"));
  bench.watch.watch_opened(bench.now);
  CHECK(bench.sink.take() == "began listed:b ended");
}

TEST_CASE("a list that is asked for while one comes in pages begins with the first") {
  Bench bench;
  bench.list(page({object("a", "1")}, "100", "token"));
  bench.watch.list_anew(bench.now);
  CHECK_FALSE(bench.query_has("continue="));
  bench.sink.take();
  bench.list(page({object("b", "1")}, "200"));
  CHECK(bench.sink.take() == "began listed:b ended");
}

TEST_CASE("a list that is asked for does not wait for what went wrong before") {
  Bench bench;
  bench.list(kRefused);
  CHECK(bench.wait() > 0s);
  bench.watch.list_anew(bench.now);
  CHECK(bench.wait() <= 0s);
}

TEST_CASE("a watch that we ended ourselves is taken up again without a word") {
  Bench bench;
  bench.sync();
  bench.watch.watch_ended(Error{ErrorKind::cancelled, "https://h: cancelled"}, bench.now);
  CHECK(bench.what() == Do::watch);
  CHECK(bench.wait() <= 0s);
  CHECK(bench.sink.take().empty());
}
