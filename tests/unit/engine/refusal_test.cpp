#include "engine/refusal.h"

#include <catch2/catch.hpp>

#include "samples.h"

using namespace jobscaler;
using namespace jobscaler::engine;

using Kind = CreateOutcome::Kind;

namespace {

CreateOutcome outcome(Kind kind, std::optional<Duration> retry_after = std::nullopt) {
  return {kind, std::nullopt, "words", retry_after};
}

}  // namespace

TEST_CASE("retries double from a second to five minutes; a server's longer wish is honoured") {
  CHECK(retry_delay(1, std::nullopt) == seconds(1));
  CHECK(retry_delay(2, std::nullopt) == seconds(2));
  CHECK(retry_delay(9, std::nullopt) == seconds(256));
  CHECK(retry_delay(10, std::nullopt) == minutes(5));
  CHECK(retry_delay(1'000'000, std::nullopt) == minutes(5));
  CHECK(retry_delay(1, seconds(30)) == seconds(30));
  CHECK(retry_delay(6, seconds(1)) == seconds(32));
  CHECK(retry_delay(1, hours(1)) == hours(1));
}

TEST_CASE("every answer that is a no has its reason") {
  const auto [kind, reason] = GENERATE(table<Kind, Reason>({
      {Kind::template_refused, Reason::template_refused},
      {Kind::name_taken, Reason::name_taken},
      {Kind::quota_exceeded, Reason::quota_exceeded},
      {Kind::refused, Reason::cluster_refused},
      {Kind::not_created, Reason::cluster_refused},
  }));
  const auto refusal = refusal_after(std::nullopt, outcome(kind), at(0));
  REQUIRE(refusal.has_value());
  CHECK(refusal->reason == reason);
  CHECK(refusal->retry_at == at(1));
  CHECK(refusal_after(refusal, outcome(kind), at(1))->retry_at == at(3));
}

TEST_CASE("a refusal long after the last one starts over") {
  auto refusal = refusal_after(std::nullopt, outcome(Kind::refused), at(0));
  for (int i = 0; i < 9; ++i) {
    refusal = refusal_after(refusal, outcome(Kind::refused), refusal->retry_at);
  }
  const TimePoint due = refusal->retry_at;
  CHECK(refusal_after(refusal, outcome(Kind::refused), due + seconds(299))->retry_at ==
        due + seconds(299) + minutes(5));
  CHECK(refusal_after(refusal, outcome(Kind::refused), due + minutes(5))->retry_at ==
        due + minutes(5) + seconds(1));
}

TEST_CASE("a create that was lost is called so") {
  CHECK(refusal_after(std::nullopt, outcome(Kind::not_created), at(0))->words ==
        "the create request was lost: words");
  CHECK(refusal_after(std::nullopt, {Kind::not_created, {}, "", {}}, at(0))->words ==
        "the create request was lost");
}

TEST_CASE("a worker that exists ends the refusal; a request that was not sent changes nothing") {
  const auto before = refusal_after(std::nullopt, outcome(Kind::refused), at(0));
  const Kind kind = GENERATE(Kind::created, Kind::adopted, Kind::already_finished);
  CHECK_FALSE(refusal_after(before, outcome(kind), at(1)).has_value());
  CHECK(refusal_after(before, outcome(Kind::too_old), at(9))->retry_at == at(1));
  CHECK_FALSE(refusal_after(std::nullopt, outcome(Kind::too_old), at(9)).has_value());
}

TEST_CASE("a template refused by the dry run is checked again with backoff until it is taken") {
  TemplateCheck check;
  CHECK_FALSE(check.refused());
  CHECK(check.next() == TimePoint::max());
  check.answered("unknown field \"foo\"", at(0));
  REQUIRE(check.refused());
  CHECK(check.refusal().words == "unknown field \"foo\"");
  CHECK(check.next() == at(1));
  check.asked(at(1));
  CHECK(check.next() > at(1));
  check.answered("unknown field \"foo\"", at(1));
  CHECK(check.next() == at(3));
  check.answered("", at(3));
  CHECK_FALSE(check.refused());
  CHECK(check.next() == TimePoint::max());
}
