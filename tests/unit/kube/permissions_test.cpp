#include <catch2/catch.hpp>

#include <algorithm>

#include "fake_api.h"
#include "kube/permissions.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace jobscaler::test;

namespace {

constexpr auto kReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

const Answer kGranted = reply(201, R"({"status": {"allowed": true}})");
const Answer kNotGranted = reply(201, R"({"status": {"allowed": false}})");

struct Bench {
  ~Bench() {
    session.outbox.silence();
    session.timers.stop();
    session.api.close();
  }

  /// What has been asked for when so many questions have.
  std::vector<std::string> asked(std::size_t count) {
    check.start();
    REQUIRE(api.has_calls("POST", kReviews, count));
    std::vector<std::string> all;
    for (const auto& call : api.calls("POST", kReviews)) {
      const auto review = Json::parse(call.body);
      const auto& attributes = *find(review, {"spec", "resourceAttributes"});
      CHECK(text(attributes, {"namespace"}) == "workers");
      all.push_back(text(attributes, {"verb"}) + " " + text(attributes, {"resource"}) + "." +
                    text(attributes, {"group"}));
    }
    return all;
  }

  FakeApi api;
  RecordingOutbox outbox;
  Session session{api.config(), outbox};
  PermissionCheck check{session};
};

}  // namespace

TEST_CASE(
    "every permission is asked for, in our namespace, and nothing said when all are granted") {
  Bench bench;
  const auto asked = bench.asked(permissions().size());
  CHECK(std::ranges::count(asked, "create jobs.batch") == 1);
  CHECK(std::ranges::count(asked, "delete jobs.batch") == 1);
  CHECK(std::ranges::count(asked, "watch pods.") == 1);
  CHECK(std::ranges::count(asked, "update leases.coordination.k8s.io") == 1);
  CHECK(bench.outbox.notes().empty());
}

TEST_CASE("a permission that is missing is an error, and one that only words depend on a warning") {
  Bench bench;
  bench.api.on("POST", kReviews, {kNotGranted});
  bench.asked(permissions().size());
  REQUIRE(bench.outbox.noted("permission update leases.coordination.k8s.io"));
  const auto notes = bench.outbox.notes();
  REQUIRE(notes.size() == permissions().size());
  CHECK(notes.front().subject == "kubernetes");
  CHECK(notes.front().level == Level::error);
  CHECK(notes.front().text ==
        "permission create jobs.batch: not granted in namespace workers; add it to the Role");
  const auto events = std::ranges::find_if(
      notes, [](const Note& note) { return note.text.find("events") != std::string::npos; });
  REQUIRE(events != notes.end());
  CHECK(events->level == Level::warn);
  CHECK(events->text ==
        "permission list events: not granted in namespace workers; add it to the Role, or the log "
        "cannot say why a worker is not ready");
}

TEST_CASE("an answer that is none is not believed, and asked for again") {
  Bench bench;
  bench.api.on("POST", kReviews,
               {status_reply(401, "Unauthorized", "who?"), status_reply(503, "", "starting"),
                kNotGranted, kGranted});
  bench.asked(permissions().size() + 2);
  REQUIRE(bench.outbox.noted("permission create jobs.batch: not granted"));
  CHECK(bench.outbox.notes().size() == 1);
}

TEST_CASE("a server that does not tell permissions is said once") {
  Bench bench;
  bench.api.on("POST", kReviews, {status_reply(403, "Forbidden", "no reviews for you")});
  bench.check.start();
  REQUIRE(bench.outbox.noted("permission create jobs.batch: cannot be told: no reviews for you"));
  CHECK(bench.outbox.notes().front().level == Level::warn);
}
