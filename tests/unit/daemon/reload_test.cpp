#include "daemon/reload.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

using namespace jobscaler;
using namespace jobscaler::daemon;
using namespace std::chrono_literals;

namespace {

using Texts = std::vector<std::string>;

std::string yaml(int max, const std::string& rest = "") {
  return "connections: {rabbit: {rabbitmq: {host: rabbit}}}\n"
         "scalers:\n"
         "  - name: orders\n"
         "    rabbitmq: {connection: rabbit, queue: orders}\n"
         "    scaleUp: {messagesAbove: 0, oldestAbove: 1m}\n"
         "    workers: {max: " +
         std::to_string(max) +
         "}\n"
         "    job: {template: {spec: {containers: [{name: worker, image: worker:1}]}}}\n" +
         rest;
}

const telemetry::WallClock::time_point kBegin{std::chrono::seconds(1'000'000'000)};

/// A running configuration of at most 5 workers, and edits of it.
struct Bench {
  RunningConfig running{"f.yaml", *parse_config(yaml(5)).config, kBegin};

  RunningConfig::Edit take(const std::string& text) {
    return running.take(parse_config(text), kBegin + 1h);
  }
  int max() const { return running.config().scalers[0].spec.max_workers; }
};

Texts texts(const RunningConfig::Edit& edit) {
  Texts all;
  for (const auto& line : edit.lines) {
    all.push_back(std::string(to_string(line.level)) + " " + line.text);
  }
  return all;
}

/// A directory of its own, with a file as a ConfigMap's volume has it: a link to a file in a linked
/// directory that is swapped.
class Mount {
 public:
  Mount() {
    std::string name = std::filesystem::temp_directory_path() / "reload-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = name;
    std::filesystem::create_symlink("..data/config.yaml", file());
  }
  ~Mount() { std::filesystem::remove_all(directory_); }

  void swap(const std::string& text) {
    const std::string version = "..version" + std::to_string(++versions_);
    std::filesystem::create_directory(directory_ / version);
    std::ofstream(directory_ / version / "config.yaml") << text;
    std::filesystem::create_symlink(version, directory_ / "..data_tmp");
    std::filesystem::rename(directory_ / "..data_tmp", directory_ / "..data");
  }
  std::string file() const { return directory_ / "config.yaml"; }

 private:
  std::filesystem::path directory_;
  int versions_ = 0;
};

ParsedConfig wait_for_news(ConfigWatch& watch, Mailbox& mailbox) {
  const auto deadline = BootClock::now() + 60s;
  while (BootClock::now() < deadline) {
    if (auto news = watch.take()) return *news;
    mailbox.take(deadline);
  }
  throw std::runtime_error("no news");
}

}  // namespace

TEST_CASE("an edit is taken up, and each change told") {
  Bench b;
  const auto edit = b.take(yaml(7, "nodeGroups: [{name: default, window: 2}]\n"));
  CHECK(texts(edit) == Texts{"INFO configuration changed: node group default: window 1 -> 2",
                             "INFO configuration changed: orders: workers.max 5 -> 7"});
  CHECK(edit.changes);
  CHECK(b.max() == 7);
}

TEST_CASE("an edit of comments alone changes nothing, and is told") {
  Bench b;
  const auto edit = b.take(yaml(5, "# a comment\n"));
  CHECK(texts(edit) == Texts{"INFO configuration read again: nothing changed"});
  CHECK_FALSE(edit.changes);
}

TEST_CASE("a bad edit changes nothing, and every problem is told at its place") {
  Bench b;
  const auto edit = b.take(yaml(0, "pollIntervall: 5s\n"));
  CHECK(
      texts(edit) ==
      Texts{
          "WARN f.yaml:6:20: error: scalers[0].workers.max: must be a whole number from 1 to "
          "100000, found 0",
          "WARN f.yaml:8:1: error: pollIntervall: unknown key; did you mean pollInterval? Allowed "
          "here: pollInterval, kubernetes, connections, nodeGroups, scalers",
          "WARN configuration not changed: 2 errors; the one of 2001-09-09 01:46:40 stays"});
  CHECK_FALSE(edit.changes);
  CHECK(b.max() == 5);
}

TEST_CASE("of very many problems the first are told, and how many there are") {
  Bench b;
  std::string text = yaml(5);
  for (int i = 0; i < 23; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const auto told = texts(b.take(text));
  REQUIRE(told.size() == 22);
  CHECK(told[20] == "WARN and 3 more; jobscaler check --config f.yaml says them all");
  CHECK(told[21] ==
        "WARN configuration not changed: 23 errors; the one of 2001-09-09 01:46:40 stays");
}

TEST_CASE("it is told when a bad edit is undone or mended") {
  Bench b;
  b.take("");
  CHECK(texts(b.take(yaml(5))) == Texts{"INFO the configuration is in order again",
                                        "INFO configuration read again: nothing changed"});
  b.take("");
  CHECK(texts(b.take(yaml(6))) == Texts{"INFO the configuration is in order again",
                                        "INFO configuration changed: orders: workers.max 5 -> 6"});
  CHECK(texts(b.take("")).back() ==
        "WARN configuration not changed: 1 error; the one of 2001-09-09 02:46:40 stays");
}

TEST_CASE("an edit that needs a restart is refused as a whole, with the reason") {
  Bench b;
  const auto edit = b.take(yaml(7, "kubernetes: {namespace: there}\n"));
  CHECK(texts(edit) ==
        Texts{"WARN configuration not changed: kubernetes.namespace (default) -> there: needs a "
              "restart, as the connection to the cluster and what is known of its workers are not "
              "replaced in a running daemon; the one of 2001-09-09 01:46:40 stays"});
  CHECK_FALSE(edit.changes);
  CHECK(b.max() == 5);
}

TEST_CASE("a swapped ConfigMap is noticed without being asked for") {
  Mount mount;
  mount.swap(yaml(5));
  Mailbox mailbox;
  ConfigWatch watch(mount.file(), yaml(5), mailbox);
  mount.swap(yaml(6));
  const auto news = wait_for_news(watch, mailbox);
  CHECK(news.config->scalers[0].spec.max_workers == 6);
}

TEST_CASE("who asks for a look gets an answer though nothing has changed") {
  Mount mount;
  mount.swap(yaml(5));
  Mailbox mailbox;
  ConfigWatch watch(mount.file(), yaml(5), mailbox);
  watch.look();
  CHECK(wait_for_news(watch, mailbox).config->scalers[0].spec.max_workers == 5);
}

TEST_CASE("a file that is gone is a bad edit") {
  Mailbox mailbox;
  ConfigWatch watch("/nowhere/f.yaml", yaml(5), mailbox);
  const auto news = wait_for_news(watch, mailbox);
  REQUIRE_FALSE(news.config);
  CHECK(news.problems[0].text == "the file cannot be read: No such file or directory");
}

TEST_CASE("a file system that hangs keeps nobody from ending") {
  Mount mount;
  mount.swap(yaml(5));
  const std::string pipe = mount.file() + ".pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  Mailbox mailbox;
  int writer = -1;
  {
    ConfigWatch watch(pipe, yaml(5), mailbox);
    watch.look();
    // It opens when somebody reads, who then waits for what we do not write.
    const auto deadline = BootClock::now() + 60s;
    while (writer < 0 && BootClock::now() < deadline) {
      writer = open(pipe.c_str(), O_WRONLY | O_NONBLOCK);
    }
    REQUIRE(writer >= 0);
  }
  close(writer);
}
