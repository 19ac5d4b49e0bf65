#include "demo/report.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

using jobscaler::demo::Report;

namespace {

/// A folder that is gone with the test.
class Scratch {
 public:
  Scratch() {
    std::string pattern = std::filesystem::temp_directory_path() / "jobscaler-report-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  std::filesystem::path path_;
};

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("workers share a report file") {
  Scratch scratch;
  const std::string file = scratch.path_ / "report";
  Report one(file, "a");
  Report two(file, "b");
  one.add("m-1");
  two.add("m-2");
  one.add("m-3");
  CHECK(contents(file) == "m-1 a\nm-2 b\nm-3 a\n");
}

TEST_CASE("in a report directory each worker has its own file") {
  Scratch scratch;
  Report(scratch.path_, "a").add("m-1");
  Report(scratch.path_, "b").add("m-2");
  CHECK(contents(scratch.path_ / "a") == "m-1 a\n");
  CHECK(contents(scratch.path_ / "b") == "m-2 b\n");
}

TEST_CASE("a report that cannot be written is an error that names it") {
  CHECK_THROWS_WITH(Report("/nowhere/report", "a"),
                    "the report /nowhere/report cannot be written: No such file or directory");
  Report full("/dev/full", "a");
  CHECK_THROWS_WITH(full.add("m-1"),
                    "the report /dev/full cannot be written: No space left on device");
}

TEST_CASE("no report is no error") {
  Report("", "a").add("m-1");
}
