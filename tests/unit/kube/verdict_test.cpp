#include <catch2/catch.hpp>

#include "kube/verdict.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace std::chrono_literals;
using Kind = CreateOutcome::Kind;

namespace {

const Intent kCreate{"create", "jobs.batch", "workers"};

Result<http::Response> answer(int status, const std::string& reason, const std::string& message,
                              const std::string& retry_after = "") {
  http::Response response;
  response.status = status;
  response.body =
      R"({"kind": "Status", "reason": ")" + reason + R"(", "message": ")" + message + "\"}";
  if (!retry_after.empty()) response.headers["retry-after"] = retry_after;
  return response;
}

struct Row {
  const char* what;
  Result<http::Response> answer;
  bool settled;
  Kind kind;  ///< if not settled: in case the name does not exist
  const char* words;
  std::optional<Duration> retry_after = std::nullopt;
};

}  // namespace

TEST_CASE("every answer to a creation has one outcome") {
  const auto row = GENERATE(values<Row>({
      {"created", http::Response{201, "", {}}, true, Kind::created, ""},
      {"exists", answer(409, "AlreadyExists", "jobs.batch \\\"o-1\\\" already exists"), false,
       Kind::not_created, "the name existed a moment ago and is gone"},
      {"quota conflict",
       answer(409, "Conflict", "Operation cannot be fulfilled on resourcequotas \\\"q\\\""), false,
       Kind::refused, "Operation cannot be fulfilled on resourcequotas \"q\"", Duration(1s)},
      {"quota",
       answer(403, "Forbidden", "jobs.batch is forbidden: exceeded quota: q, requested: 1"), false,
       Kind::quota_exceeded, "jobs.batch is forbidden: exceeded quota: q, requested: 1"},
      {"quota wants limits",
       answer(403, "Forbidden", "forbidden: failed quota: q: must specify limits.cpu"), false,
       Kind::template_refused, "forbidden: failed quota: q: must specify limits.cpu"},
      {"RBAC", answer(403, "Forbidden", "User x cannot create resource jobs"), true, Kind::refused,
       "not allowed to create jobs.batch in namespace workers (403): User x cannot create resource "
       "jobs; grant the verb in the Role that our account is bound to"},
      {"admission", answer(403, "Forbidden", "namespace is being terminated"), false, Kind::refused,
       "namespace is being terminated"},
      {"unknown field", answer(400, "BadRequest", "strict decoding error: unknown field"), true,
       Kind::template_refused, "strict decoding error: unknown field"},
      {"invalid", answer(422, "Invalid", "is invalid"), true, Kind::template_refused, "is invalid"},
      {"webhook", answer(400, "BadRequest", "admission webhook \\\"w\\\" denied the request: no"),
       true, Kind::refused, "admission webhook \"w\" denied the request: no"},
      {"webhook forbids", answer(403, "Forbidden", "admission webhook \\\"w\\\" denied: no"), false,
       Kind::refused, "admission webhook \"w\" denied: no"},
      {"no namespace", answer(404, "NotFound", "namespaces \\\"workers\\\" not found"), false,
       Kind::refused, "namespace workers does not exist; create it, or set kubernetes.namespace"},
      {"no such API", answer(404, "NotFound", "page not found"), false, Kind::refused,
       "cannot create jobs.batch in namespace workers (404): page not found"},
      {"unauthorized", answer(401, "Unauthorized", "Unauthorized"), true, Kind::refused,
       "cannot create jobs.batch in namespace workers: the API server does not accept our "
       "credentials (401): Unauthorized"},
      {"too many requests", answer(429, "TooManyRequests", "slow down", "5"), false, Kind::refused,
       "cannot create jobs.batch in namespace workers (429): slow down", Duration(5s)},
      {"unavailable with a wish", answer(503, "ServiceUnavailable", "starting", "2"), false,
       Kind::refused, "cannot create jobs.batch in namespace workers (503): starting",
       Duration(2s)},
      {"unavailable", answer(503, "", "apiserver is shutting down"), false, Kind::refused,
       "cannot create jobs.batch in namespace workers (503): apiserver is shutting down"},
      {"server timeout", answer(500, "ServerTimeout", "try again", "1"), false, Kind::refused,
       "cannot create jobs.batch in namespace workers (500): try again", Duration(1s)},
      {"gateway timeout", answer(504, "Timeout", "no answer", "1"), false, Kind::refused,
       "cannot create jobs.batch in namespace workers (504): no answer", Duration(1s)},
      {"internal error", answer(500, "InternalError", "etcdserver: request timed out"), false,
       Kind::refused,
       "cannot create jobs.batch in namespace workers (500): etcdserver: request timed out"},
      {"broken webhook", answer(500, "InternalError", "failed calling webhook \\\"w\\\""), false,
       Kind::refused,
       "cannot create jobs.batch in namespace workers (500): failed calling webhook "
       "\"w\""},
      {"lost", Error{ErrorKind::unavailable, "https://h: no answer within 10s"}, false,
       Kind::not_created, "https://h: no answer within 10s"},
      {"nothing sent", Error{ErrorKind::rejected, "cannot load the CA"}, true, Kind::refused,
       "cannot load the CA"},
      {"no credentials", Error{ErrorKind::not_found, "no credentials"}, true, Kind::refused,
       "no credentials"},
  }));
  INFO(row.what);
  const auto verdict = judge_create(row.answer, kCreate);
  CHECK(verdict.settled == row.settled);
  CHECK(verdict.outcome.kind == row.kind);
  CHECK(verdict.outcome.words == row.words);
  CHECK(verdict.outcome.retry_after == row.retry_after);
}

TEST_CASE("an invalid template is refused with the fields that are wrong") {
  http::Response response;
  response.status = 422;
  response.body =
      R"({"kind": "Status", "message": "Job.batch \"x\" is invalid: [long]", "details": {"causes": [
          {"field": "spec.template.spec.containers[0].image", "message": "Required value"}]}})";
  CHECK(judge_create(response, kCreate).outcome.words ==
        "spec.template.spec.containers[0].image: Required value");
}

TEST_CASE("reading a name back is believed only when the API server itself answers") {
  using Verdict = ReadBackVerdict::Kind;
  const Intent get{"get", "jobs.batch", "workers"};
  CHECK(judge_read_back(http::Response{200, "{}", {}}, get).kind == Verdict::exists);
  CHECK(judge_read_back(answer(404, "NotFound", "not found"), get).kind == Verdict::absent);
  // A proxy's 404 says nothing about the Job.
  CHECK(judge_read_back(http::Response{404, "<html>", {}}, get).kind == Verdict::unknown);
  CHECK(judge_read_back(answer(403, "Forbidden", "no"), get).kind == Verdict::unknown);
  CHECK(judge_read_back(answer(500, "", "boom"), get).kind == Verdict::unknown);
  CHECK(judge_read_back(answer(429, "", "slow", "4"), get).retry_after == Duration(4s));
  CHECK(judge_read_back(Error{ErrorKind::unavailable, "gone"}, get).words == "gone");
}

TEST_CASE("a dry run tells a bad template from a bad day") {
  using Verdict = DryRunVerdict::Kind;
  const auto kind = [](const Result<http::Response>& result) {
    return judge_dry_run(result, kCreate).kind;
  };
  CHECK(kind(http::Response{201, "", {}}) == Verdict::accepted);
  CHECK(kind(answer(422, "Invalid", "bad")) == Verdict::refused);
  CHECK(kind(answer(400, "BadRequest", "unknown field")) == Verdict::refused);
  CHECK(kind(answer(403, "Forbidden", "failed quota: q: must specify cpu")) == Verdict::refused);
  CHECK(kind(answer(403, "Forbidden", "exceeded quota: q")) == Verdict::accepted_with_warning);
  CHECK(kind(answer(400, "BadRequest", "admission webhook w does not support dry run")) ==
        Verdict::accepted_with_warning);
  CHECK(kind(answer(403, "Forbidden", "cannot create resource")) == Verdict::unknown);
  CHECK(kind(answer(503, "", "down")) == Verdict::unknown);
  CHECK(kind(Error{ErrorKind::unavailable, "down"}) == Verdict::unknown);
}
