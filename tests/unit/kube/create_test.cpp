#include <catch2/catch.hpp>

#include <fstream>

#include "fake_api.h"
#include "kube/creator.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace jobscaler::test;
using namespace std::chrono_literals;
using Kind = CreateOutcome::Kind;

namespace {

constexpr auto kJobs = "/apis/batch/v1/namespaces/workers/jobs";
constexpr auto kFailed =
    R"({"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]})";

/// A Creator on a scripted API server, without the watches.
struct Bench {
  ~Bench() { session.close(); }

  event::CreateAnswered create(int number = 1, Duration age = 0s) {
    creator.start({"orders", number, "pool", BootClock::now() - age});
    const auto answered = outbox.next<event::CreateAnswered>();
    REQUIRE(answered);
    CHECK(answered->scaler == "orders");
    CHECK(answered->number == number);
    return *answered;
  }

  FakeApi api;
  RecordingOutbox outbox;
  Session session{api.config(), outbox};
  Creator creator{session, one_group(), {scaler_called("orders")}};
};

const Answer kExists = status_reply(409, "AlreadyExists", "already exists");

}  // namespace

TEST_CASE("a worker is created with one strict POST") {
  Bench bench;
  bench.api.on("POST", kJobs, {reply(201, job_json("orders", 41, "u1"))});
  const auto answered = bench.create(41);
  CHECK(answered.outcome.kind == Kind::created);
  REQUIRE(answered.outcome.worker);
  CHECK(answered.outcome.worker->name == "orders-41");
  CHECK(answered.outcome.worker->uid == "u1");
  const auto posts = bench.api.calls("POST", kJobs);
  REQUIRE(posts.size() == 1);
  CHECK(posts[0].path == std::string(kJobs) + "?fieldValidation=Strict");
  CHECK(posts[0].head.find("Authorization:Bearer abc") != std::string::npos);
  CHECK(text(Json::parse(posts[0].body), {"metadata", "name"}) == "orders-41");
}

TEST_CASE("a worker's age is measured on the API server's clock") {
  Bench bench;
  bench.api.on("POST", kJobs, {reply(201, job_json("orders", 1, "u1"))});
  const auto answered = bench.create();
  // Created at 12:34:00 by a server that now has 12:34:56, whatever year it is here.
  const auto age = BootClock::now() - answered.outcome.worker->created;
  CHECK(age > 55s);
  CHECK(age < 90s);
}

TEST_CASE("a decision older than 2 s is not carried out") {
  Bench bench;
  const auto answered = bench.create(1, 2500ms);
  CHECK(answered.outcome.kind == Kind::too_old);
  CHECK(answered.outcome.words.rfind("the decision was 2.", 0) == 0);
  CHECK(bench.api.calls("POST", kJobs).empty());
}

TEST_CASE("a name that exists is adopted if it is ours and unfinished") {
  Bench bench;
  bench.api.on("POST", kJobs, {kExists});
  bench.api.on("GET", std::string(kJobs) + "/orders-1", {reply(200, job_json("orders", 1, "u1"))});
  const auto answered = bench.create();
  CHECK(answered.outcome.kind == Kind::adopted);
  CHECK(answered.outcome.worker->uid == "u1");
}

TEST_CASE("a name that exists and is finished or going was a stale view") {
  Bench bench;
  bench.api.on("POST", kJobs, {kExists});
  const auto job = std::string(kJobs) + "/orders-1";
  bench.api.on("GET", job, {reply(200, job_json("orders", 1, "u1", kFailed))});
  CHECK(bench.create().outcome.kind == Kind::already_finished);
  auto going = job_json("orders", 1, "u2");
  going.insert(going.find("\"uid\""), R"("deletionTimestamp": "2024-02-29T12:00:00Z", )");
  bench.api.on("GET", job, {reply(200, going)});
  const auto answered = bench.create();
  CHECK(answered.outcome.kind == Kind::already_finished);
  CHECK(answered.outcome.worker->deleting);
}

TEST_CASE("a name that exists and is not ours is taken") {
  for (const auto& [what, other] :
       {std::pair{"no labels", std::string(R"({"metadata": {"name": "orders-1", "uid": "x"}})")},
        std::pair{"another number", job_json("orders", 2, "x")},
        std::pair{"another scaler", job_json("orders-eu", 1, "x")}}) {
    INFO(what);
    Bench bench;
    bench.api.on("POST", kJobs, {kExists});
    bench.api.on("GET", std::string(kJobs) + "/orders-1", {reply(200, other)});
    const auto answered = bench.create();
    CHECK(answered.outcome.kind == Kind::name_taken);
    CHECK(answered.outcome.words.find("exists and was not created by this scaler of instance "
                                      "jobscaler; delete it, or rename the scaler") !=
          std::string::npos);
  }
}

TEST_CASE("another instance's Job of the same name is not ours") {
  Bench bench;
  auto other = job_json("orders", 1, "x");
  const std::string ours = R"("jobscaler.io/instance": "jobscaler")";
  other.replace(other.find(ours), ours.size(), R"("jobscaler.io/instance": "blue")");
  bench.api.on("POST", kJobs, {kExists});
  bench.api.on("GET", std::string(kJobs) + "/orders-1", {reply(200, other)});
  CHECK(bench.create().outcome.kind == Kind::name_taken);
}

TEST_CASE("a lost answer is settled by reading the name back") {
  Bench bench;
  bench.api.on("POST", kJobs, {drop()});
  bench.api.on("GET", std::string(kJobs) + "/orders-1", {reply(200, job_json("orders", 1, "u1"))});
  CHECK(bench.create().outcome.kind == Kind::adopted);
}

TEST_CASE("a lost request is settled by reading the name back") {
  Bench bench;
  bench.api.on("POST", kJobs, {drop()});
  const auto answered = bench.create();
  CHECK(answered.outcome.kind == Kind::not_created);
  CHECK(answered.outcome.words.find("connection closed before it answered") != std::string::npos);
}

TEST_CASE("an unclear error is settled by reading the name back") {
  Bench bench;
  bench.api.on("POST", kJobs, {status_reply(500, "ServerTimeout", "try again")});
  const auto job = std::string(kJobs) + "/orders-1";
  bench.api.on("GET", job, {reply(200, job_json("orders", 1, "u1"))});
  CHECK(bench.create().outcome.kind == Kind::adopted);
  bench.api.on("GET", job, {status_reply(404, "NotFound", "not found")});
  const auto answered = bench.create();
  CHECK(answered.outcome.kind == Kind::refused);
  CHECK(answered.outcome.words.find("(500): try again") != std::string::npos);
}

TEST_CASE("a success that is no Job is settled by reading the name back") {
  Bench bench;
  bench.api.on("POST", kJobs, {reply(201, "{}")});
  bench.api.on("GET", std::string(kJobs) + "/orders-1", {reply(200, job_json("orders", 1, "u1"))});
  CHECK(bench.create().outcome.kind == Kind::adopted);
}

TEST_CASE("an unclear creation is asked about until the API server answers, and said once") {
  Bench bench;
  const auto job = std::string(kJobs) + "/orders-1";
  bench.api.on("POST", kJobs, {drop()});
  bench.api.on("GET", job,
               {drop(), status_reply(503, "", "starting"), reply(200, "{}"),
                reply(200, job_json("orders", 1, "u1"))});
  CHECK(bench.create().outcome.kind == Kind::adopted);
  CHECK(bench.api.calls("GET", job).size() == 4);
  CHECK(bench.api.calls("POST", kJobs).size() == 1);
  const auto notes = bench.outbox.notes();
  REQUIRE(notes.size() == 1);
  CHECK(notes[0].subject == "orders");
  CHECK(notes[0].text.rfind("whether orders-1 was created is not known yet: ", 0) == 0);
}

TEST_CASE("a refusal of a POST that was sent twice is settled by reading the name back") {
  for (const auto& answer :
       {status_reply(429, "TooManyRequests", "slow", "Retry-After: 1\r\n"),
        status_reply(403, "Forbidden", "admission says no"),
        status_reply(409, "Conflict", "Operation cannot be fulfilled on resourcequotas"),
        status_reply(503, "ServiceUnavailable", "starting", "Retry-After: 1\r\n"),
        status_reply(500, "InternalError", "failed calling webhook")}) {
    INFO(answer.body);
    Bench bench;
    bench.api.on("POST", kJobs, {answer});
    bench.api.on("GET", std::string(kJobs) + "/orders-1",
                 {reply(200, job_json("orders", 1, "u1"))});
    CHECK(bench.create().outcome.kind == Kind::adopted);
  }
}

TEST_CASE("a refusal is the API server's words") {
  Bench bench;
  bench.api.on("POST", kJobs,
               {status_reply(422, "Invalid", "image: Required value"),
                status_reply(429, "TooManyRequests", "slow", "Retry-After: 7\r\n")});
  const auto invalid = bench.create();
  CHECK(invalid.outcome.kind == Kind::template_refused);
  CHECK(invalid.outcome.words == "image: Required value");
  const auto slow = bench.create();
  CHECK(slow.outcome.kind == Kind::refused);
  CHECK(slow.outcome.retry_after == Duration(7s));
}

TEST_CASE("a Job that is gone when its creation is answered is told as gone") {
  Bench bench;
  bench.api.on("POST", kJobs, {reply(201, job_json("orders", 1, "u1"))});
  bench.session.workers.update([](Store& store) { return store.job_gone("u1"); });
  CHECK(bench.create().outcome.kind == Kind::created);
  const auto gone = bench.outbox.next<event::WorkerGone>();
  REQUIRE(gone);
  CHECK(gone->name == "orders-1");
  CHECK(gone->uid == "u1");
}

TEST_CASE("without credentials nothing is sent, and that is said") {
  RecordingOutbox outbox;
  KubernetesConfig config;
  config.kubeconfig = "/nonexistent/config";
  Session session(config, outbox);
  Creator creator(session, one_group(), {scaler_called("orders")});
  creator.start({"orders", 1, "pool", BootClock::now()});
  const auto answered = outbox.next<event::CreateAnswered>();
  REQUIRE(answered);
  CHECK(answered->outcome.kind == Kind::refused);
  CHECK(answered->outcome.words.find("/nonexistent/config") != std::string::npos);
}

TEST_CASE("a token that was rotated is read again after a 401, and the POST repeated") {
  Bench bench;
  bench.api.on(
      "POST", kJobs,
      {status_reply(401, "Unauthorized", "Unauthorized"), reply(201, job_json("orders", 1, "u1"))});
  REQUIRE(bench.session.api.name_space().ok());  // read once, before the rotation
  const TemporaryFolder folder;
  const auto old = bench.api.config().kubeconfig;
  const auto rotated = folder.path("config");
  std::filesystem::copy_file(old, rotated);
  {
    std::ifstream in(rotated);
    std::string config((std::istreambuf_iterator<char>(in)), {});
    config.replace(config.find("token: abc"), 10, "token: new");
    std::ofstream(old) << config;
  }
  CHECK(bench.create().outcome.kind == Kind::created);
  const auto posts = bench.api.calls("POST", kJobs);
  REQUIRE(posts.size() == 2);
  CHECK(posts[1].head.find("Authorization:Bearer new") != std::string::npos);
}

TEST_CASE("a 401 with nothing new to try is not repeated") {
  Bench bench;
  bench.api.on("POST", kJobs, {status_reply(401, "Unauthorized", "Unauthorized")});
  const auto answered = bench.create();
  CHECK(answered.outcome.kind == Kind::refused);
  CHECK(bench.api.calls("POST", kJobs).size() == 1);
}
