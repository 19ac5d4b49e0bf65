#include "daemon/loop.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <functional>

using namespace jobscaler;
using namespace jobscaler::daemon;
using namespace std::chrono_literals;

namespace {

struct RecordingCluster : ClusterPort {
  void start_worker(const action::StartWorker& start) override {
    on_start();
    started.push_back(start);
  }
  void delete_worker(const action::DeleteWorker& remove) override { deleted.push_back(remove); }
  void record_mark(const action::RecordMark& mark) override { marks.push_back(mark); }
  void check_template(const action::CheckTemplate& check) override { checks.push_back(check); }

  std::function<void()> on_start = [] {};
  std::vector<action::StartWorker> started;
  std::vector<action::DeleteWorker> deleted;
  std::vector<action::RecordMark> marks;
  std::vector<action::CheckTemplate> checks;
};

struct RecordingSource : SourcePort {
  void read(const std::string& scaler) override { reads.push_back(scaler); }

  std::vector<std::string> reads;
};

EngineSpec one_scaler() {
  ScalerSpec scaler;
  scaler.name = "orders";
  scaler.messages_above = 0;
  scaler.max_workers = 5;
  scaler.node_groups = {"default"};
  NodeGroupSpec group;
  group.name = "default";
  return {.node_groups = {group}, .scalers = {scaler}};
}

/// A loop on recording ports, and its log's text.
struct Bench {
  Mailbox mailbox;
  RecordingCluster cluster;
  RecordingSource source;
  char* text = nullptr;
  std::size_t length = 0;
  std::FILE* file = open_memstream(&text, &length);
  telemetry::Log log{file, telemetry::LogFormat::text, Level::info};
  Loop loop{Engine(one_scaler(), BootClock::now()),
            {.mailbox = mailbox, .cluster = cluster, .sources = {{"orders", &source}}, .log = log}};

  ~Bench() {
    std::fclose(file);
    std::free(text);
  }

  std::string logged() const { return std::string(text, length); }

  void post_reading(std::int64_t waiting) {
    Reading reading;
    reading.waiting = waiting;
    reading.taken_at = BootClock::now();
    mailbox.post(Event(event::ReadingTaken{"orders", reading}));
  }

  void list_no_workers() {
    mailbox.post(Event(event::MarksLoaded{}));
    mailbox.post(Event(event::WorkersListed{.workers = {}, .asked_at = BootClock::now()}));
  }
};

}  // namespace

TEST_CASE("the loop asks the scaler's own source for a reading") {
  Bench bench;
  bench.mailbox.wake();
  bench.loop.turn();
  CHECK(bench.source.reads == std::vector<std::string>{"orders"});
}

TEST_CASE("a backlog becomes a create request and a line in the log") {
  Bench bench;
  bench.list_no_workers();
  bench.post_reading(3);
  bench.loop.turn();
  REQUIRE(bench.cluster.started.size() == 1);
  CHECK(bench.cluster.started[0].scaler == "orders");
  CHECK(bench.cluster.started[0].number == 1);
  CHECK(bench.cluster.started[0].node_group == "default");
  CHECK_THAT(bench.logged(), Catch::Contains("INFO  orders  messages_above: 3 waiting (> 0)"));
  CHECK_THAT(bench.logged(), Catch::Contains("-> start orders-1 (1 of 5)"));
}

TEST_CASE("a create request does not wait for the log to be written") {
  Bench bench;
  std::string logged_before = "start orders-1: nothing was started";
  bench.cluster.on_start = [&] { logged_before = bench.logged(); };
  bench.list_no_workers();
  bench.post_reading(3);
  bench.loop.turn();
  CHECK_THAT(logged_before, !Catch::Contains("start orders-1"));
  CHECK_THAT(bench.logged(), Catch::Contains("start orders-1"));
}

TEST_CASE("without a list of workers nothing is created") {
  Bench bench;
  bench.post_reading(3);
  bench.loop.turn();
  CHECK(bench.cluster.started.empty());
}

TEST_CASE(
    "after an edit the loop asks another source, and takes what came before for the old one's") {
  Bench bench;
  bench.mailbox.wake();
  bench.loop.turn();
  RecordingSource other;
  bench.list_no_workers();
  bench.post_reading(3);
  bench.loop.reconfigure({.spec = one_scaler(), .new_queues = {"orders"}}, {{"orders", &other}});
  bench.loop.turn();
  CHECK(bench.cluster.started.empty());
  CHECK(bench.source.reads.size() == 1);
  CHECK(other.reads == std::vector<std::string>{"orders"});
}

TEST_CASE("notes of other parts are lines of the log") {
  Bench bench;
  bench.mailbox.post(Note{Level::warn, "rabbitmq rabbit", "connection refused"});
  bench.loop.turn();
  CHECK_THAT(bench.logged(), Catch::Contains("WARN  rabbitmq rabbit  connection refused"));
}
