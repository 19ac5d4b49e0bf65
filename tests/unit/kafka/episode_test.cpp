#include "kafka/episode.h"

#include <catch2/catch.hpp>

namespace jobscaler::kafka {
namespace {

using std::chrono::seconds;

constexpr TimePoint kStart{std::chrono::hours(1)};

}  // namespace

TEST_CASE("an episode is told when it begins, in new words, and when it is over") {
  Episode episode;
  CHECK(episode.over(kStart) == std::nullopt);
  CHECK(episode.holds("refused", kStart) == "refused");
  CHECK(episode.holds("refused", kStart + seconds(5)) == std::nullopt);
  CHECK(episode.holds("no answer", kStart + seconds(6)) == "no answer");
  CHECK(episode.holds("refused", kStart + seconds(7)) == std::nullopt);
  CHECK(episode.over(kStart + seconds(12)) == "after 12s");
  CHECK(episode.over(kStart + seconds(13)) == std::nullopt);
  CHECK(episode.holds("refused", kStart + seconds(20)) == "refused");
}

}  // namespace jobscaler::kafka
