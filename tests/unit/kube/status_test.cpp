#include <catch2/catch.hpp>

#include "kube/status.h"

using namespace jobscaler;
using namespace jobscaler::kube;
using namespace std::chrono_literals;

namespace {

http::Response answer(int status, const std::string& body,
                      std::map<std::string, std::string> headers = {}) {
  return {status, body, std::move(headers)};
}

}  // namespace

TEST_CASE("the API server's Status is read") {
  const auto status = status_of(answer(
      422,
      R"({"kind": "Status", "reason": "Invalid", "code": 422, "message": "Job.batch \"x\" is invalid",
          "details": {"causes": [
            {"field": "spec.a", "message": "Required value"}, {"message": "no field"},
            {"field": "spec.c", "message": "m"}, {"field": "spec.d", "message": "m"},
            {"field": "spec.e", "message": "m"}]}})"));
  CHECK(status.code == 422);
  CHECK(status.reason == "Invalid");
  CHECK(status.from_api_server);
  CHECK(status.causes == "spec.a: Required value; no field; spec.c: m; and 2 more");
}

TEST_CASE("what a proxy says instead is words, too") {
  const auto status = status_of(answer(502, "<html>Bad Gateway</html>"));
  CHECK(status.code == 502);
  CHECK_FALSE(status.from_api_server);
  CHECK(status.message == "HTTP 502: <html>Bad Gateway</html>");
  CHECK(status_of(answer(500, "")).message == "HTTP 500");
  CHECK(status_of(answer(500, R"({"kind": "Status"})")).message == "HTTP 500");
}

TEST_CASE("the server's wish to wait is in the header, else in the Status") {
  const auto body = R"({"kind": "Status", "details": {"retryAfterSeconds": 3}})";
  CHECK(status_of(answer(429, body)).retry_after == Duration(3s));
  CHECK(status_of(answer(429, body, {{"retry-after", "7"}})).retry_after == Duration(7s));
  CHECK_FALSE(status_of(answer(429, "", {{"retry-after", "soon"}})).retry_after);
  CHECK_FALSE(status_of(answer(429, "", {{"retry-after", "-1"}})).retry_after);
}

TEST_CASE("a wish to wait is granted up to a minute") {
  const auto wish = [](const std::string& seconds) {
    return status_of(answer(429, R"({"kind": "Status", "details": {"retryAfterSeconds": )" +
                                     seconds + "}}"))
        .retry_after;
  };
  CHECK(wish("60") == Duration(60s));
  CHECK(wish("61") == Duration(60s));
  CHECK(wish("9223372036854775807") == Duration(60s));
  CHECK(wish("-5") == Duration(0s));
  CHECK(status_of(answer(429, "", {{"retry-after", "86400"}})).retry_after == Duration(60s));
  CHECK(status_of(answer(429, "", {{"retry-after", "99999999999"}})).retry_after == Duration(60s));
}

TEST_CASE("a very long message is cut") {
  const auto status =
      status_of(answer(400, R"({"kind": "Status", "message": ")" + std::string(5000, 'x') + "\"}"));
  CHECK(status.message.size() < 700);
}

TEST_CASE("a refusal names verb, resource and namespace, and what to do") {
  const Intent intent{"list", "jobs.batch", "workers"};
  ServerStatus status;
  status.message = "jobs.batch is forbidden: User \"u\" cannot list resource";
  status.code = 403;
  CHECK(explain(intent, status) ==
        "not allowed to list jobs.batch in namespace workers (403): jobs.batch is forbidden: User "
        "\"u\" cannot list resource; grant the verb in the Role that our account is bound to");
  status.code = 401;
  status.message = "Unauthorized";
  CHECK(explain(intent, status) ==
        "cannot list jobs.batch in namespace workers: the API server does not accept our "
        "credentials (401): Unauthorized");
  status.code = 500;
  status.message = "boom";
  CHECK(explain(intent, status) == "cannot list jobs.batch in namespace workers (500): boom");
}
