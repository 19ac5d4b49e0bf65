#include "demo.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

Process demo(Scratch& scratch, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), JOBSCALER_DEMO);
  return Process(scratch, arguments);
}

std::string run_demo(Scratch& scratch, const std::vector<std::string>& arguments, int status) {
  Process process = demo(scratch, arguments);
  const int actual = process.wait();
  INFO(process.output());
  CHECK(actual == status);
  return process.output();
}

std::vector<std::string> publish(Scratch& scratch, const std::vector<std::string>& where, int count,
                                 const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"publish", "--count", std::to_string(count)};
  arguments.insert(arguments.end(), where.begin(), where.end());
  arguments.insert(arguments.end(), more.begin(), more.end());
  const std::string output = run_demo(scratch, arguments, 0);
  const auto ids = output.find(", ids ");
  REQUIRE(ids != std::string::npos);
  const std::string batch = output.substr(ids + 6, 8);
  std::vector<std::string> result;
  for (int i = 1; i <= count; ++i) result.push_back(fmt::format("{}-{}", batch, i));
  return result;
}

std::vector<std::string> processed(const std::string& report) {
  std::vector<std::string> ids;
  for (const std::string& line : lines(report)) ids.push_back(line.substr(0, line.find(' ')));
  return ids;
}
