// The publisher and the reference worker, as processes, against a real Kafka.

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "demo.h"
#include "kafka/broker.h"
#include "kafka/mock_cluster.h"
#include "kafka/test_client.h"

using Catch::Contains;
using jobscaler::kafka::Partition;
using jobscaler::kafka::test::MockCluster;
using jobscaler::kafka::test::new_name;
using jobscaler::kafka::test::shared_broker;
using jobscaler::kafka::test::TestClient;

namespace {

using Strings = std::vector<std::string>;

std::string brokers() {
  return shared_broker().address();
}

Strings join(Strings all, const Strings& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

Strings in(const std::string& topic) {
  return {"--topic", topic, "--brokers", brokers()};
}

/// Publishes to a new topic; the messages' ids, in order.
Strings publish_new(Scratch& scratch, const std::string& topic, int partitions, int count,
                    const Strings& more = {}) {
  return publish(scratch, join(in(topic), {"--partitions", std::to_string(partitions)}), count,
                 more);
}

void create(Scratch& scratch, const std::string& topic, int partitions) {
  const std::string number = std::to_string(partitions);
  run_demo(scratch, join({"publish", "--count", "0", "--partitions", number}, in(topic)), 0);
}

/// In the group of its topic's name.
Strings work(const std::string& topic, const Strings& more) {
  return join(join({"work", "--group", topic}, in(topic)), more);
}

Process worker(Scratch& scratch, const std::string& topic, const std::string& report,
               const Strings& more = {}) {
  return demo(scratch, work(topic, join({"--report", report}, more)));
}

/// What a worker that comes now finds: its output, one line per message.
std::string what_is_left(Scratch& scratch, const std::string& topic) {
  return run_demo(scratch, work(topic, {"--idle", "300ms", "--work", "0s"}), 0);
}

Strings sorted(Strings all) {
  std::sort(all.begin(), all.end());
  return all;
}

Strings processed_by_all(const std::string& reports) {
  Strings done;
  for (const auto& file : std::filesystem::directory_iterator(reports))
    done = join(done, processed(file.path()));
  return done;
}

/// Gone from the group within moments, not when its session times out.
Strings dies_within(const char* session_timeout) {
  return {"--property", fmt::format("session.timeout.ms={}", session_timeout), "--property",
          "heartbeat.interval.ms=300"};
}

struct Seen {
  std::string id;
  std::string work;
  std::string key;
  int partition = 0;
  std::int64_t timestamp = 0;
  std::size_t size = 0;
};

std::string header(const rd_kafka_message_t* message, const char* name) {
  rd_kafka_headers_t* headers = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return "";
  return {static_cast<const char*>(value), size};
}

Seen seen(const rd_kafka_message_t* message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  return {header(message, "message-id"),
          header(message, "work-ms"),
          {static_cast<const char*>(message->key), message->key_len},
          message->partition,
          rd_kafka_message_timestamp(message, &type),
          message->len};
}

/// The first `count` records of a topic's partitions, read without the demo's own code.
std::vector<Seen> look_into(const std::string& topic, int partitions, std::size_t count) {
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_set(conf, "bootstrap.servers", brokers().c_str(), nullptr, 0);
  rd_kafka_conf_set(conf, "group.id", "inspector", nullptr, 0);
  rd_kafka_t* rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, nullptr, 0);
  REQUIRE(rk != nullptr);
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; ++i)
    rd_kafka_topic_partition_list_add(list, topic.c_str(), i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(rk, list);
  rd_kafka_topic_partition_list_destroy(list);
  std::vector<Seen> result;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (result.size() < count && std::chrono::steady_clock::now() < deadline) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(rk, 100);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) result.push_back(seen(message));
    rd_kafka_message_destroy(message);
  }
  rd_kafka_destroy(rk);
  REQUIRE(result.size() == count);
  return result;
}

/// The byte of a partition's first batch of records that says how they are compressed.
constexpr int kCodecOfBatch = 22;

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace

TEST_CASE("what is published is spread over all partitions, stamped, sized and named uniquely") {
  Scratch scratch;
  const std::string topic = new_name("published");
  const auto before = now_ms();
  const auto ids = publish_new(scratch, topic, 3, 6, {"--size", "1000", "--work", "50ms"});
  const auto records = look_into(topic, 3, 6);

  std::map<int, int> per_partition;
  Strings found;
  for (const Seen& record : records) {
    ++per_partition[record.partition];
    found.push_back(record.id);
    CHECK(record.work == "50");
    CHECK(record.size == 1000);
    CHECK(record.timestamp >= before);
    CHECK(record.timestamp <= now_ms());
  }
  CHECK(per_partition == std::map<int, int>{{0, 2}, {1, 2}, {2, 2}});
  CHECK(sorted(found) == sorted(ids));
}

TEST_CASE("a count of 0 only creates the topic, and once is enough") {
  Scratch scratch;
  const std::string topic = new_name("created");
  for (int i = 0; i < 2; ++i)
    CHECK(run_demo(scratch, join({"publish", "--count", "0", "--partitions", "4"}, in(topic)), 0) ==
          fmt::format("topic '{}' (4 partitions) is there\n", topic));
  CHECK_THAT(what_is_left(scratch, topic), Contains("messages processed: 0"));
}

TEST_CASE("a topic that is there is published to without saying how many partitions it has") {
  Scratch scratch;
  const std::string topic = new_name("there");
  create(scratch, topic, 2);
  const std::string output = run_demo(scratch, join({"publish", "--count", "1"}, in(topic)), 0);
  CHECK_THAT(output,
             Contains(fmt::format("published 1 message to topic '{}' (2 partitions) in ", topic)));
}

TEST_CASE("a topic with another number of partitions is not published to") {
  Scratch scratch;
  const std::string topic = new_name("partitions");
  create(scratch, topic, 4);
  CHECK(run_demo(scratch, join({"publish", "--count", "1", "--partitions", "5"}, in(topic)), 1) ==
        fmt::format("jobscaler-demo: Kafka at {}: the topic '{}' has 4 partitions, not 5\n",
                    brokers(), topic));
  CHECK_THAT(what_is_left(scratch, topic), Contains("messages processed: 0"));
}

TEST_CASE("a topic that does not exist is neither worked on nor created by the attempt") {
  Scratch scratch;
  const std::string topic = new_name("missing");
  const std::string other = new_name("present");
  create(scratch, other, 1);
  const std::string text = fmt::format(
      "jobscaler-demo: Kafka at {0}: the topic '{1}' does not exist; jobscaler-demo publish "
      "--topic {1} --partitions N --count 0 creates it\n",
      brokers(), topic);
  for (int i = 0; i < 2; ++i) {
    CHECK(run_demo(scratch, work(topic, {}), 1) == text);
    CHECK(run_demo(scratch, work(other, {"--to", topic}), 1) == text);
    CHECK(run_demo(scratch, join({"publish", "--count", "1"}, in(topic)), 1) == text);
  }
}

TEST_CASE("more messages than may be unconfirmed at once all arrive, and all are committed") {
  Scratch scratch;
  const std::string topic = new_name("many");
  const auto ids = publish_new(scratch, topic, 2, 2000);
  const std::string report = scratch.fresh("report");
  CHECK(worker(scratch, topic, report, {"--idle", "1s"}).wait() == 0);
  CHECK(sorted(processed(report)) == sorted(ids));
  TestClient client(brokers());
  for (int partition = 0; partition < 2; ++partition)
    CHECK(client.committed(topic, Partition{topic, partition}) == 1000);
}

TEST_CASE("messages that librdkafka has no room for wait until there is some") {
  Scratch scratch;
  const std::string topic = new_name("crowded");
  const auto ids =
      publish_new(scratch, topic, 1, 100, {"--property", "queue.buffering.max.messages=10"});
  CHECK(look_into(topic, 1, 100).back().id == ids.back());
}

TEST_CASE("each stage of a pipeline passes on what it has done") {
  Scratch scratch;
  const std::string first = new_name("first");
  const std::string second = new_name("second");
  create(scratch, second, 3);
  const auto ids = publish_new(scratch, first, 2, 20, {"--work", "1ms", "--size", "7"});
  const std::string done_first = scratch.fresh("report");
  const std::string done_second = scratch.fresh("report");
  Process one = worker(scratch, first, done_first, {"--idle", "1s", "--to", second});
  Process two = worker(scratch, second, done_second, {"--idle", "3s"});
  CHECK(one.wait() == 0);
  CHECK(two.wait() == 0);
  CHECK(sorted(processed(done_first)) == sorted(ids));
  CHECK(sorted(processed(done_second)) == sorted(ids));
  for (const Seen& record : look_into(second, 3, ids.size())) {
    CHECK(record.work == "1");
    CHECK(record.size == 7);
  }
}

TEST_CASE("a record of others is named by where it is, and passed on with its key") {
  Scratch scratch;
  const std::string topic = new_name("foreign");
  const std::string next = new_name("next");
  create(scratch, topic, 1);
  create(scratch, next, 1);
  TestClient(brokers()).produce_keyed({topic, 0}, "a key", "a value");
  const std::string report = scratch.fresh("report");
  CHECK(worker(scratch, topic, report, {"--idle", "500ms", "--to", next}).wait() == 0);
  const std::string name = topic + "[0]@0";
  CHECK(processed(report) == Strings{name});
  const Seen record = look_into(next, 1, 1)[0];
  CHECK(record.id == name);
  CHECK(record.key == "a key");
  CHECK(record.size == 7);
}

TEST_CASE("a worker told to stop finishes the record in hand, commits it and leaves its group") {
  Scratch scratch;
  const int signal = GENERATE(SIGTERM, SIGINT);
  const std::string topic = new_name("stopped");
  const auto ids = publish_new(scratch, topic, 1, 2, {"--work", "1s"});
  const std::string report = scratch.fresh("report");
  Process stopped = worker(scratch, topic, report);
  stopped.wait_for(ids[0]);
  stopped.signal(signal);
  CHECK(stopped.wait() == 0);
  CHECK_THAT(stopped.output(), Contains("told to stop; messages processed: 1\n"));
  CHECK(processed(report) == Strings{ids[0]});

  TestClient client(brokers());
  CHECK(client.committed(topic, {topic, 0}) == 1);
  CHECK(client.group_state(topic) == TestClient::GroupState{"Empty", 0});
  const std::string left = what_is_left(scratch, topic);
  CHECK_THAT(left, Contains(ids[1] + "\n") && Contains("messages processed: 1"));
}

TEST_CASE("an idle worker told to stop leaves at once") {
  Scratch scratch;
  const std::string topic = new_name("stopped-idle");
  publish_new(scratch, topic, 1, 1);
  Process idle = worker(scratch, topic, scratch.fresh("report"), {"--idle", "1h"});
  idle.wait_for("-1\n");
  idle.signal(SIGTERM);
  CHECK(idle.wait() == 0);
}

TEST_CASE("workers told to stop while they join end well") {
  Scratch scratch;
  const std::string topic = new_name("stopped-joining");
  create(scratch, topic, 1);
  std::vector<Process> workers;
  for (int i = 0; i < 10; ++i) {
    workers.push_back(worker(scratch, topic, scratch.fresh("report")));
    workers.back().wait_for("waiting for messages");
    workers.back().signal(SIGTERM);
  }
  for (Process& process : workers) CHECK(process.wait() == 0);
}

TEST_CASE("idle time counts from the end of the last record") {
  Scratch scratch;
  const std::string topic = new_name("idle");
  const auto ids = publish_new(scratch, topic, 1, 2, {"--work", "1500ms"});
  const std::string report = scratch.fresh("report");
  Process process = worker(scratch, topic, report, {"--idle", "700ms"});
  process.wait_for(ids[1] + "\n");
  CHECK(process.wait() == 0);
  const auto last_record_ended = std::filesystem::last_write_time(report);
  const auto left = std::filesystem::file_time_type::clock::now();
  CHECK(left - last_record_ended >= std::chrono::milliseconds(700));
  CHECK(processed(report) == ids);
  CHECK_THAT(process.output(), Contains("no message for 0.7 s; messages processed: 2\n"));
}

TEST_CASE("a worker for which there is no partition is idle") {
  Scratch scratch;
  const std::string topic = new_name("surplus");
  const auto ids = publish_new(scratch, topic, 1, 1, {"--work", "1h"});
  Process busy = worker(scratch, topic, scratch.fresh("report"));
  busy.wait_for(ids[0]);
  Process surplus = worker(scratch, topic, scratch.fresh("report"), {"--idle", "1s"});
  CHECK(surplus.wait() == 0);
  CHECK_THAT(surplus.output(),
             !Contains("given") && Contains("no message for 1 s; messages processed: 0\n"));
}

TEST_CASE("a worker that joins makes nobody do a record again") {
  Scratch scratch;
  // Each record takes longer than a member may be silent, and than it may leave librdkafka alone.
  const Strings impatient =
      join(dies_within("1500"), {"--property", "max.poll.interval.ms=1500", "--idle", "4s"});
  // Whether the partition in hand is among those to be given back is up to chance: several tries.
  struct Group {
    Strings ids;
    std::string reports;
    std::vector<Process> workers;
  };
  std::vector<Group> groups;
  for (int i = 0; i < 4; ++i) {
    const std::string topic = new_name("joined");
    Group group{publish_new(scratch, topic, 2, 4, {"--work", "3s"}), scratch.fresh("reports"), {}};
    std::filesystem::create_directory(group.reports);
    group.workers.push_back(worker(scratch, topic, group.reports, impatient));
    group.workers[0].wait_for(group.ids[0].substr(0, 8));
    group.workers.push_back(worker(scratch, topic, group.reports, impatient));
    groups.push_back(std::move(group));
  }
  for (Group& group : groups) {
    for (Process& process : group.workers) {
      CHECK(process.wait() == 0);
      CHECK_THAT(process.output(), !Contains("it may be done"));
    }
    CHECK_THAT(group.workers[0].output(), Contains("gave back partition"));
    CHECK(sorted(processed_by_all(group.reports)) == sorted(group.ids));
  }
}

TEST_CASE("while workers come and go no record is lost, and those done again are told of") {
  Scratch scratch;
  const std::string topic = new_name("restless");
  const auto ids = publish_new(scratch, topic, 5, 200, {"--work", "50ms"});
  const std::string reports = scratch.fresh("reports");
  std::filesystem::create_directory(reports);
  std::vector<Process> workers;
  for (int i = 0; i < 6; ++i) {
    workers.push_back(worker(scratch, topic, reports, join(dies_within("6000"), {"--idle", "2s"})));
    workers.back().wait_for("waiting for messages");
    if (i == 2) workers.front().signal(SIGTERM);
  }
  // Who waits for a share for longer than it may idle leaves: the next one finds what it was for.
  for (Process& process : workers) CHECK(process.wait() == 0);
  workers.push_back(worker(scratch, topic, reports, {"--idle", "2s"}));
  CHECK(workers.back().wait() == 0);
  std::size_t told = 0;
  std::string said;
  for (const Process& process : workers) {
    said += process.output() + "--\n";
    for (const std::string& line : lines(process.output_file()))
      told += line.find(" is done but not committed (") != std::string::npos;
  }
  INFO(said);
  const auto done = processed_by_all(reports);
  CHECK(done.size() <= ids.size() + told);
  for (const std::string& id : ids) CHECK(std::count(done.begin(), done.end(), id) >= 1);
  TestClient client(brokers());
  for (int partition = 0; partition < 5; ++partition)
    CHECK(client.committed(topic, {topic, partition}) == 40);
}

TEST_CASE("the record of a worker that is killed is done by the next one") {
  Scratch scratch;
  const std::string topic = new_name("killed");
  const auto ids = publish_new(scratch, topic, 1, 1);
  const std::string report = scratch.fresh("report");
  Process killed = worker(scratch, topic, report, join(dies_within("1500"), {"--work", "1h"}));
  killed.wait_for(ids[0]);
  killed.signal(SIGKILL);
  CHECK(killed.wait() == 128 + SIGKILL);
  CHECK(processed(report).empty());
  CHECK(worker(scratch, topic, report, {"--idle", "1s"}).wait() == 0);
  CHECK(processed(report) == ids);
}

TEST_CASE("a worker that its group has given up while it was frozen says so and goes on") {
  Scratch scratch;
  const std::string topic = new_name("frozen");
  const auto ids = publish_new(scratch, topic, 1, 2);
  const std::string report = scratch.fresh("report");
  Process frozen = worker(scratch, topic, scratch.fresh("report"),
                          join(dies_within("1500"), {"--work", "1s", "--idle", "2s"}));
  frozen.wait_for(ids[0]);
  frozen.signal(SIGSTOP);
  // It comes once the group has given up the other.
  Process other = worker(scratch, topic, report, {"--idle", "1s"});
  CHECK(other.wait() == 0);
  CHECK(processed(report) == ids);
  frozen.signal(SIGCONT);
  CHECK(frozen.wait() == 0);
  CHECK_THAT(frozen.output(), Contains(": it may be done "));
  CHECK(TestClient(brokers()).committed(topic, {topic, 0}) == 2);
}

TEST_CASE("a poison message crashes its worker and stays in the topic") {
  Scratch scratch;
  const std::string topic = new_name("poison");
  const auto ids = publish_new(scratch, topic, 1, 1);
  const std::string output =
      run_demo(scratch, work(topic, join(dies_within("1500"), {"--fail-on", ids[0]})), 1);
  CHECK_THAT(output, Contains("crashing on message " + ids[0] + ", as told by --fail-on\n"));
  CHECK_THAT(what_is_left(scratch, topic), Contains(ids[0] + "\n"));
}

TEST_CASE("a report that cannot be written leaves the record uncommitted and the group at once") {
  Scratch scratch;
  const std::string topic = new_name("full");
  const auto ids = publish_new(scratch, topic, 1, 1);
  CHECK_THAT(run_demo(scratch, work(topic, {"--report", "/dev/full"}), 1),
             Contains("the report /dev/full cannot be written: No space left on device"));
  CHECK(TestClient(brokers()).group_state(topic) == TestClient::GroupState{"Empty", 0});
  CHECK_THAT(what_is_left(scratch, topic), Contains(ids[0] + "\n"));
}

TEST_CASE("a broker that cannot be used is answered with what is wrong") {
  Scratch scratch;
  const std::string topic = new_name("wrong");
  create(scratch, topic, 1);
  const std::string sasl = shared_broker().variable("KAFKA_SASL_BROKER");
  struct Case {
    Strings arguments;
    std::string text;
  };
  const std::vector<Case> cases = {
      {{"--brokers", "127.0.0.1:1"},
       "jobscaler-demo: Kafka at 127.0.0.1:1: cannot connect; check host and port and that the "
       "broker runs (127.0.0.1:1/bootstrap: Connect to ipv4#127.0.0.1:1 failed: Connection "
       "refused)\n"},
      {{"--brokers", "nowhere.invalid:9092"},
       "jobscaler-demo: Kafka at nowhere.invalid:9092: cannot connect: "
       "nowhere.invalid:9092/bootstrap: Failed to resolve 'nowhere.invalid:9092'"},
      {{"--brokers", sasl}, "broker might require SASL authentication)\n"},
      {{"--brokers", sasl, "--property", "security.protocol=sasl_plaintext", "--property",
        "sasl.mechanism=PLAIN", "--property", "sasl.username=scaler", "--property",
        "sasl.password=secret"},
       "cannot connect: sasl_plaintext://" + sasl +
           "/bootstrap: SASL authentication error: Authentication failed: Invalid username or "
           "password\n"},
      {{"--property", "no.such=1"},
       "librdkafka does not take the property no.such: No such configuration property: "
       "\"no.such\"\n"},
      {{"--property", "session.timeout.ms=100", "--property", "heartbeat.interval.ms=50"},
       fmt::format("could not read the topic '{}': JoinGroup failed: Broker: Invalid session "
                   "timeout\n",
                   topic)},
  };
  for (const auto& [arguments, text] : cases) {
    const std::string output = run_demo(scratch, work(topic, arguments), 1);
    CHECK_THAT(output, Contains(text) && !Contains("secret"));
  }
}

TEST_CASE("a worker that finds no place to begin at says so and fails") {
  Scratch scratch;
  const std::string topic = new_name("nowhere");
  publish_new(scratch, topic, 1, 1);
  CHECK_THAT(
      run_demo(scratch, work(topic, {"--idle", "1s", "--property", "auto.offset.reset=error"}), 1),
      Contains(fmt::format("jobscaler-demo: Kafka at {}: could not read the topic '{}': "
                           "no previously committed offset available: Local: No offset "
                           "stored",
                           brokers(), topic)));
}

TEST_CASE("records that cannot be read are an error, and not an empty topic") {
  struct Case {
    std::string codec;
    Strings more;
    std::string text;
  };
  const auto [codec, more, text] = GENERATE(Case{"\1", {}, "Local: Invalid compressed data"},
                                            Case{"\5", {}, "Local: Not implemented"},
                                            Case{"\1", {"--property", "check.crcs=true"}, "CRC32"});
  Scratch scratch;
  const std::string topic = new_name("damaged");
  publish_new(scratch, topic, 1, 1);
  std::fstream(shared_broker().segment(topic, 0), std::ios::in | std::ios::out | std::ios::binary)
          .seekp(kCodecOfBatch)
      << codec;
  CHECK_THAT(run_demo(scratch, work(topic, join({"--idle", "1s"}, more)), 1),
             Contains(fmt::format("could not read the topic '{}': ", topic)) && Contains(text));
}

TEST_CASE("a worker logs in over TLS") {
  Scratch scratch;
  const std::string topic = new_name("secure");
  const auto ids = publish_new(scratch, topic, 1, 1);
  const auto& broker = shared_broker();
  const std::string report = scratch.fresh("report");
  Process process = worker(
      scratch, topic, report,
      {"--idle", "500ms", "--brokers", broker.variable("KAFKA_SASL_TLS_BROKER"), "--property",
       "security.protocol=sasl_ssl", "--property", "ssl.ca.location=" + broker.variable("TLS_CA"),
       "--property", "sasl.mechanism=SCRAM-SHA-512", "--property",
       "sasl.username=" + broker.variable("KAFKA_USERNAME"), "--property",
       "sasl.password=" + broker.variable("KAFKA_PASSWORD")});
  CHECK(process.wait() == 0);
  CHECK(processed(report) == ids);
}

TEST_CASE("a worker whose topic is deleted says so and fails") {
  Scratch scratch;
  const std::string topic = new_name("deleted");
  create(scratch, topic, 1);
  Process process = worker(scratch, topic, scratch.fresh("report"), {"--idle", "3s"});
  process.wait_for("given partition 0 ");
  TestClient(brokers()).delete_topic(topic);
  CHECK(process.wait() == 1);
  CHECK_THAT(process.output(), Contains(fmt::format("the topic '{}' has been deleted\n", topic)));
}

TEST_CASE("a worker outlives its broker's restart and nothing is lost") {
  Scratch scratch;
  const std::string end = GENERATE("kill9", "stop gracefully");
  const std::string topic = new_name("restarted");
  const std::string next = new_name("restarted-next");
  create(scratch, next, 1);
  const auto ids = publish_new(scratch, topic, 1, 3);
  const std::string report = scratch.fresh("report");
  Process process = worker(scratch, topic, report, {"--idle", "5s", "--work", "1s", "--to", next});
  process.wait_for(ids[0]);
  if (end == "kill9") shared_broker().script("kill9");
  shared_broker().script("restart");  // graceful where there is something to stop
  CHECK(process.wait() == 0);
  const auto done = processed(report);
  for (const std::string& id : ids) CHECK(std::count(done.begin(), done.end(), id) >= 1);
  CHECK(TestClient(brokers()).committed(topic, {topic, 0}) == 3);
}

TEST_CASE("a worker whose broker stays away is not idle: it gives up and says so") {
  Scratch scratch;
  const std::string away = GENERATE("kill9", "freeze");
  const Strings idle = GENERATE(Strings{"--idle", "1s"}, Strings{});
  const std::string topic = new_name("away");
  create(scratch, topic, 1);
  Process process =
      worker(scratch, topic, scratch.fresh("report"), join({"--patience", "1s"}, idle));
  process.wait_for("given partition 0 ");
  shared_broker().script(away);
  CHECK(process.wait() == 1);
  CHECK_THAT(process.output(), Contains("; connecting again\n") && !Contains("no message for"));
  CHECK_THAT(
      process.output(),
      Contains(fmt::format("jobscaler-demo: Kafka at {}: could not reach a broker: ", brokers())));
  shared_broker().script(away == "kill9" ? "restart" : "thaw");
}

TEST_CASE("a worker whose broker goes away while it joins its group gives up and says so") {
  Scratch scratch;
  const std::string topic = new_name("away-joining");
  // Nobody can join before the group has given up the frozen worker, which is late.
  const auto ids = publish_new(scratch, topic, 1, 1);
  Process frozen = worker(scratch, topic, scratch.fresh("report"),
                          join(dies_within("300000"), {"--work", "1h"}));
  frozen.wait_for(ids[0]);
  frozen.signal(SIGSTOP);
  Process process =
      worker(scratch, topic, scratch.fresh("report"), {"--idle", "1s", "--patience", "1s"});
  process.wait_for("waiting for messages");
  shared_broker().script("kill9");
  CHECK(process.wait() == 1);
  CHECK_THAT(
      process.output(),
      Contains(fmt::format("jobscaler-demo: Kafka at {}: could not reach a broker: ", brokers())));
  shared_broker().script("restart");
}

TEST_CASE("a worker gives up on a coordinator that is silent, though other brokers answer") {
  Scratch scratch;
  const std::string topic = new_name("coordinator");
  MockCluster cluster(5);
  cluster.create_topic(topic, 1);
  cluster.coordinate(topic, 2);
  TestClient(cluster.address()).produce({topic, 0}, 1);
  // The group does not give the worker up, either. Its patience is enough for several attempts.
  Process process = worker(scratch, topic, scratch.fresh("report"),
                           join(dies_within("300000"),
                                {"--brokers", cluster.address(), "--work", "1s", "--patience",
                                 "10s", "--property", "socket.connection.setup.timeout.ms=2000"}));
  process.wait_for(topic + "[0]@0");
  cluster.freeze(2);
  CHECK(process.wait() == 1);
  const std::string text = fmt::format("Kafka at {}: could not commit: ", cluster.address());
  CHECK_THAT(process.output(), Contains("\n" + text) && Contains("; trying again\n") &&
                                   Contains("jobscaler-demo: " + text));
}

TEST_CASE("a worker waits to commit for as long as its group is joining, and says so") {
  Scratch scratch;
  const std::string topic = new_name("long-join");
  create(scratch, topic, 2);
  Process frozen = worker(scratch, topic, scratch.fresh("report"), dies_within("300000"));
  frozen.wait_for("given partitions 0, 1 ");
  Process process = worker(scratch, topic, scratch.fresh("report"),
                           join(dies_within("300000"), {"--patience", "10s"}));
  process.wait_for("given partition");
  const auto ids = publish(scratch, in(topic), 200, {"--work", "1s"});
  process.wait_for(ids[0].substr(0, 8));
  // It does not come when the third joins, and the group does not give it up soon.
  frozen.signal(SIGSTOP);
  Process third = worker(scratch, topic, scratch.fresh("report"));
  process.wait_for(fmt::format(
      "waiting to commit until all members of the group '{}' have joined it anew\n", topic));
  frozen.signal(SIGCONT);
  process.signal(SIGTERM);
  CHECK(process.wait() == 0);
  CHECK_THAT(process.output(),
             Contains("told to stop; messages processed: ") && !Contains("it may be done again"));
}
