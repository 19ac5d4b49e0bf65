#include <catch2/catch.hpp>

#include "kube/facts.h"
#include "literal.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace std::chrono_literals;
using test::json;

namespace {

constexpr auto kMetadata = R"('metadata': {
  'name': 'orders-41', 'uid': 'u1', 'creationTimestamp': '1970-01-01T00:01:40Z',
  'labels': {'jobscaler.io/scaler': 'orders', 'jobscaler.io/number': '41',
             'jobscaler.io/node-group': 'spot'}})";

WorkerFacts job_with(const std::string& rest) {
  const auto job = parse_job(json("{" + std::string(kMetadata) + rest + "}"));
  REQUIRE(job.ok());
  return *job;
}

std::string refusal_of(const std::string& text) {
  const auto job = parse_job(json(text));
  REQUIRE_FALSE(job.ok());
  return job.error().message;
}

}  // namespace

TEST_CASE("a Job just created is an unfinished worker without a pod") {
  const auto job = job_with(", 'spec': {'suspend': false}, 'status': {}");
  CHECK(job.name == "orders-41");
  CHECK(job.uid == "u1");
  CHECK(job.scaler == "orders");
  CHECK(job.number == 41);
  CHECK(job.node_group == "spot");
  CHECK(job.created == ServerTime(100s));
  CHECK(job.outcome == WorkerFacts::Outcome::unfinished);
  CHECK_FALSE(job.deleting);
  CHECK_FALSE(job.suspended);
  CHECK_FALSE(job.pod);
  CHECK_FALSE(is_finished(job));
}

TEST_CASE("a number that no daemon wrote is not a number") {
  const auto number_of = [](const std::string& text) {
    const auto job =
        parse_job(json("{'metadata': {'name': 'a-1', 'uid': 'u', 'labels': {"
                       "'jobscaler.io/scaler': 'a', 'jobscaler.io/number': '" +
                       text + "'}}}"));
    REQUIRE(job.ok());
    return job->number;
  };
  CHECK(number_of("1000000000000000") == 1'000'000'000'000'000);
  CHECK(number_of("1000000000000001") == 0);
  CHECK(number_of("9223372036854775807") == 0);
  CHECK(number_of("9223372036854775808") == 0);
  CHECK(number_of("-1") == 0);
  CHECK(number_of("4x") == 0);
}

TEST_CASE("a Job tells the backoff level it was started at") {
  const auto level_of = [](const std::string& text) {
    const auto job =
        parse_job(json("{'metadata': {'name': 'a-1', 'uid': 'u', 'labels': {"
                       "'jobscaler.io/scaler': 'a'}, 'annotations': {"
                       "'jobscaler.io/backoff-level': '" +
                       text + "'}}}"));
    REQUIRE(job.ok());
    return job->backoff_level;
  };
  CHECK(level_of("7") == 7);
  CHECK(level_of("999999999999") == 1000);
  CHECK(level_of("-7") == 0);
  CHECK(job_with("").backoff_level == 0);
}

TEST_CASE("a Job is finished when Complete or Failed is True and not before") {
  CHECK_FALSE(is_finished(job_with(R"(, 'status': {'succeeded': 1, 'conditions': [
      {'type': 'SuccessCriteriaMet', 'status': 'True'}, {'type': 'Complete', 'status': 'False'}]})")));
  CHECK_FALSE(is_finished(job_with(R"(, 'status': {'failed': 1, 'conditions': [
      {'type': 'FailureTarget', 'status': 'True'}, {'type': 'Suspended', 'status': 'True'}]})")));
  const auto complete = job_with(R"(, 'status': {'conditions': [
      {'type': 'Complete', 'status': 'True', 'lastTransitionTime': '1970-01-01T00:03:20Z'}]})");
  CHECK(complete.outcome == WorkerFacts::Outcome::complete);
  CHECK(complete.finished == ServerTime(200s));
}

TEST_CASE("a failed Job says why") {
  const auto failed = job_with(R"(, 'status': {'conditions': [
      {'type': 'FailureTarget', 'status': 'True', 'reason': 'Earlier'},
      {'type': 'Failed', 'status': 'True', 'reason': 'DeadlineExceeded',
       'message': 'Job was active longer than specified deadline'}]})");
  CHECK(failed.outcome == WorkerFacts::Outcome::failed);
  CHECK(failed.outcome_reason == "DeadlineExceeded");
  CHECK(failed.outcome_message == "Job was active longer than specified deadline");
  CHECK_FALSE(failed.finished);
}

TEST_CASE("a suspended Job, and one that is being deleted, are seen as such") {
  CHECK(job_with(", 'spec': {'suspend': true}").suspended);
  const auto job = parse_job(json(
      R"({'metadata': {'name': 'n', 'uid': 'u', 'deletionTimestamp': '2024-01-01T00:00:00Z',
          'labels': {'jobscaler.io/scaler': 's'}}})"));
  REQUIRE(job.ok());
  CHECK(job->deleting);
}

TEST_CASE("missing and odd fields of a Job are not known rather than made up") {
  const auto bare = parse_job(
      json("{'metadata': {'name': 'n', 'uid': 'u', 'labels': {'jobscaler.io/scaler': 's'}}}"));
  REQUIRE(bare.ok());
  CHECK(bare->number == 0);
  CHECK(bare->created == ServerTime{});
  for (const auto* number : {"'41x'", "''", "41", "'-'", "'99999999999999999999'", "null"}) {
    const auto odd = parse_job(
        json("{'metadata': {'name': 'n', 'uid': 'u', 'labels': {'jobscaler.io/scaler': 's', "
             "'jobscaler.io/number': " +
             std::string(number) + "}}}"));
    REQUIRE(odd.ok());
    CHECK(odd->number == 0);
  }
  CHECK_FALSE(is_finished(job_with(", 'status': {'conditions': 'odd'}")));
  CHECK_FALSE(is_finished(job_with(", 'status': {'conditions': ['odd', 1, {}]}")));
  CHECK_FALSE(is_finished(job_with(", 'status': null")));
}

TEST_CASE("what is no Job of ours is refused in words") {
  CHECK(refusal_of("{}") == "a Job without a name or a uid");
  CHECK(refusal_of("[]") == "a Job without a name or a uid");
  CHECK(refusal_of("{'metadata': {'name': 'n'}}") == "a Job without a name or a uid");
  CHECK(refusal_of("{'metadata': {'name': 'n', 'uid': 'u'}}") ==
        "Job n has our labels but no label jobscaler.io/scaler");
}

TEST_CASE("every time of a worker moves to our clock") {
  auto worker = job_with("");
  worker.finished = ServerTime(200s);
  worker.pod.emplace();
  worker.pod->created = ServerTime(101s);
  worker.pod->scheduled = ServerTime(102s);
  worker.pod->unscheduled_since = ServerTime(103s);
  worker.pod->ready = ServerTime(104s);
  to_boot_clock(worker, 90s);
  CHECK(worker.created == TimePoint(10s));
  CHECK(worker.finished == TimePoint(110s));
  CHECK(worker.pod->created == TimePoint(11s));
  CHECK(worker.pod->scheduled == TimePoint(12s));
  CHECK(worker.pod->unscheduled_since == TimePoint(13s));
  CHECK(worker.pod->ready == TimePoint(14s));
}
