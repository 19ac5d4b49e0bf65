#include "jobscaler/format.h"

#include <catch2/catch.hpp>

using namespace jobscaler;
using namespace std::chrono_literals;

TEST_CASE("durations are written as people write them, in two units at most, rounded down") {
  const auto [duration, text] = GENERATE(table<Duration, std::string>({
      {-5s, "0s"},         {0s, "0s"},        {999us, "0s"},
      {1ms, "1ms"},        {250ms, "250ms"},  {999ms, "999ms"},
      {1s, "1s"},          {1700ms, "1.7s"},  {1999ms, "1.9s"},
      {9990ms, "9.9s"},    {10s, "10s"},      {12345ms, "12s"},
      {59999ms, "59s"},    {60s, "1m"},       {192s, "3m12s"},
      {300s, "5m"},        {3599s, "59m59s"}, {1h, "1h"},
      {1h + 5min, "1h5m"}, {1h + 59s, "1h"},  {23h + 59min, "23h59m"},
      {24h, "1d"},         {51h, "2d3h"},     {24h * 400, "400d"},
  }));
  CHECK(format_duration(duration) == text);
}
