#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cctype>
#include <set>
#include <sstream>
#include <string>

#include "config/document.h"
#include "config/keys.h"
#include "config/report.h"
#include "documents.h"

namespace jobscaler {
namespace {

const std::string kSample = CONFIG_DIR "/jobscaler.yaml";
const std::vector<std::string> kNone;
const std::string kQuickstart = CONFIG_DIR "/quickstart.yaml";
const std::string kPipeline = CONFIG_DIR "/examples/kafka-pipeline.yaml";

/// Takes the # off the settings that are left out, without or with those that are only examples.
std::string uncommented(const std::string& text, bool examples) {
  std::istringstream in(text);
  std::string result;
  for (std::string line; std::getline(in, line);) {
    const std::size_t hash = line.find_first_not_of(' ');
    const bool setting = hash != std::string::npos && line[hash] == '#' && hash + 1 < line.size() &&
                         std::isalpha(static_cast<unsigned char>(line[hash + 1])) != 0;
    const bool example = line.find("# example") != std::string::npos;
    if (setting && (examples || !example)) line.erase(hash, 1);
    result += line;
    result += '\n';
  }
  return result;
}

/// Path patterns as in Keys, and the keys found there.
using Found = std::set<std::pair<std::string, std::string>>;

void collect(const config::YamlNode& node, const std::string& path, Found& found) {
  for (const config::YamlNode& item : node.items) collect(item, path + "[]", found);
  for (const config::YamlNode::Entry& entry : node.entries) {
    found.emplace(path, entry.key);
    const std::string key = path == "connections" ? "*" : entry.key;
    collect(entry.value, path.empty() ? key : fmt::format("{}.{}", path, key), found);
  }
}

TEST_CASE("the sample has no problems, not even warnings") {
  CHECK(problems_of(read_whole_file(kSample)) == kNone);
}

TEST_CASE("the sample with every setting in use has no problems either") {
  CHECK(problems_of(uncommented(read_whole_file(kSample), true)) == kNone);
}

TEST_CASE("what the sample leaves out is shown with its default, unless it says example") {
  const std::string sample = read_whole_file(kSample);
  const std::string with_defaults = uncommented(sample, false);
  REQUIRE(with_defaults != sample);
  Config expected = config_of(sample);
  Config config = config_of(with_defaults);
  // A toleration goes to the API server as it stands: its default is the server's.
  config.node_groups[1].tolerations_json = expected.node_groups[1].tolerations_json;
  CHECK(config == expected);
}

TEST_CASE("every key that the parser knows is in the sample") {
  config::Report report;
  const auto root = config::read_document(uncommented(read_whole_file(kSample), true), report);
  REQUIRE(root.has_value());
  Found found;
  collect(*root, "", found);
  for (const config::Keys* keys : config::all_keys()) {
    // Written as those of a RabbitMQ connection, which are all there.
    if (keys == &config::kKafkaTlsKeys || keys == &config::kKafkaSecretKeys) continue;
    for (const std::string_view name : keys->names) {
      INFO(keys->path << " " << name);
      CHECK(found.contains({std::string(keys->path), std::string(name)}));
    }
  }
}

TEST_CASE("the quickstart's configuration has no problems") {
  CHECK(problems_of(read_whole_file(kQuickstart)) == kNone);
}

TEST_CASE("the pipeline example has no problems") {
  CHECK(problems_of(read_whole_file(kPipeline)) == kNone);
}

TEST_CASE("the pipeline example is three stages, each of up to 5 workers that may start together") {
  const Config config = config_of(read_whole_file(kPipeline));
  REQUIRE(config.scalers.size() == 3);
  for (const auto& scaler : config.scalers) CHECK(scaler.spec.max_workers == 5);
  REQUIRE(config.node_groups.size() == 1);
  CHECK(config.node_groups[0].spec.window == 5);
}

TEST_CASE("the quickstart's ports stand on lines of their own, for its script to replace") {
  const std::string text = read_whole_file(kQuickstart);
  CHECK_THAT(text, Catch::Contains("\n      port: 5672\n"));
  CHECK_THAT(text, Catch::Contains("\n      management: http://127.0.0.1:15672\n"));
}

TEST_CASE("a file that cannot be read is a problem without a line") {
  const ParsedConfig parsed = load_config("/nowhere/jobscaler.yaml");
  CHECK_FALSE(parsed.config.has_value());
  REQUIRE(parsed.problems.size() == 1);
  CHECK(format_problem("/nowhere/jobscaler.yaml", parsed.problems[0]) ==
        "/nowhere/jobscaler.yaml: error: the file cannot be read: No such file or directory");
}

TEST_CASE("a file that can be read is parsed") {
  CHECK(load_config(kSample).config == parse_config(read_whole_file(kSample)).config);
}

}  // namespace
}  // namespace jobscaler
