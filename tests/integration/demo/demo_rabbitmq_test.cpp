// The publisher and the reference worker, as processes, against a real RabbitMQ.

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "demo.h"

using Catch::Contains;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  INFO(name << " is set by scripts/lib/with_rabbitmq.sh, which runs this program");
  REQUIRE(value != nullptr);
  return value;
}

/// Publishes; the messages' ids, in order.
std::vector<std::string> publish(Scratch& scratch, const std::string& queue, int count,
                                 const std::vector<std::string>& more = {}) {
  return publish(scratch, {"--queue", queue}, count, more);
}

Process worker(Scratch& scratch, const std::string& queue, const std::string& report,
               std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"work", "--queue", queue, "--report", report};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return demo(scratch, arguments);
}

/// What a worker that comes now finds in the queue: its output, one line per message.
std::string what_is_left(Scratch& scratch, const std::string& queue) {
  return run_demo(scratch, {"work", "--queue", queue, "--idle", "300ms", "--work", "0s"}, 0);
}

/// A connection that looks at the broker without the demo's own code.
class Inspector {
 public:
  Inspector() : connection_(amqp_new_connection()) {
    amqp_socket_t* socket = amqp_tcp_socket_new(connection_);
    REQUIRE(amqp_socket_open(socket, "127.0.0.1", std::stoi(environment("AMQP_PORT"))) == 0);
    REQUIRE(amqp_login(connection_, "/", 0, 131072, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest")
                .reply_type == AMQP_RESPONSE_NORMAL);
    amqp_channel_open(connection_, 1);
  }
  ~Inspector() { amqp_destroy_connection(connection_); }
  Inspector(const Inspector&) = delete;

  struct Seen {
    std::string id;
    int delivery_mode = 0;
    std::uint64_t timestamp = 0;
    std::size_t size = 0;
  };

  Seen take(const std::string& queue) {
    REQUIRE(amqp_basic_get(connection_, 1, amqp_cstring_bytes(queue.c_str()), 1).reply_type ==
            AMQP_RESPONSE_NORMAL);
    amqp_message_t message{};
    REQUIRE(amqp_read_message(connection_, 1, &message, 0).reply_type == AMQP_RESPONSE_NORMAL);
    const amqp_basic_properties_t& properties = message.properties;
    Seen seen{
        {static_cast<char*>(properties.message_id.bytes), properties.message_id.len},
        properties.delivery_mode,
        properties.timestamp,
        message.body.len,
    };
    amqp_destroy_message(&message);
    return seen;
  }

  void remove(const std::string& queue) {
    REQUIRE(amqp_queue_delete(connection_, 1, amqp_cstring_bytes(queue.c_str()), 0, 0) != nullptr);
  }

 private:
  amqp_connection_state_t connection_;
};

void broker_script(const std::string& verb) {
  const std::string command = fmt::format("{}/private_rabbitmq.sh {} {} >/dev/null", SCRIPTS, verb,
                                          environment("RABBITMQ_DIR"));
  REQUIRE(std::system(command.c_str()) == 0);
}

}  // namespace

TEST_CASE("what is published is persistent, stamped, sized and named uniquely") {
  Scratch scratch;
  const auto before = static_cast<std::uint64_t>(std::time(nullptr));
  const auto first = publish(scratch, "published", 1, {"--size", "1000"});
  const auto second = publish(scratch, "published", 1);
  CHECK(first != second);

  Inspector inspector;
  const auto seen = inspector.take("published");
  CHECK(seen.id == first[0]);
  CHECK(seen.delivery_mode == 2);
  CHECK(seen.timestamp >= before);
  CHECK(seen.timestamp <= static_cast<std::uint64_t>(std::time(nullptr)));
  CHECK(seen.size == 1000);
  CHECK(inspector.take("published").id == second[0]);
}

TEST_CASE("more messages than may be unconfirmed at once all arrive") {
  Scratch scratch;
  const auto ids = publish(scratch, "many", 2000);
  const std::string report = scratch.fresh("report");
  CHECK(worker(scratch, "many", report, {"--idle", "300ms", "--prefetch", "100"}).wait() == 0);
  CHECK(processed(report) == ids);
}

TEST_CASE("a count of 0 only declares the queue") {
  Scratch scratch;
  CHECK(run_demo(scratch, {"publish", "--queue", "declared", "--count", "0"}, 0) ==
        "queue 'declared' is there\n");
  CHECK_THAT(what_is_left(scratch, "declared"), Contains("messages processed: 0"));
}

TEST_CASE("a worker killed in the middle of a message leaves it to the next one") {
  Scratch scratch;
  const std::string type = GENERATE("classic", "quorum");
  const std::string queue = "killed-" + type;
  const auto quorum =
      type == "quorum" ? std::vector<std::string>{"--quorum"} : std::vector<std::string>{};
  const auto ids = publish(scratch, queue, 1, quorum);
  const std::string report = scratch.fresh("report");

  Process killed = worker(scratch, queue, report, {"--work", "1h"});
  killed.wait_for(ids[0]);
  killed.signal(SIGKILL);
  CHECK(killed.wait() == 128 + SIGKILL);
  CHECK(processed(report).empty());

  Process next = worker(scratch, queue, report, {"--idle", "2s"});
  CHECK(next.wait() == 0);
  CHECK_THAT(next.output(), Contains(ids[0] + " (redelivered)\n"));
  CHECK(processed(report) == ids);
}

TEST_CASE("a worker told to stop finishes the message in hand and takes no other") {
  Scratch scratch;
  const int signal = GENERATE(SIGTERM, SIGINT);
  const std::string queue = fmt::format("stopped-{}", signal);
  const auto ids = publish(scratch, queue, 2, {"--work", "1s"});
  const std::string report = scratch.fresh("report");

  Process stopped = worker(scratch, queue, report);
  stopped.wait_for(ids[0]);
  stopped.signal(signal);
  CHECK(stopped.wait() == 0);
  CHECK_THAT(stopped.output(), Contains("told to stop; messages processed: 1\n"));
  CHECK(processed(report) == std::vector<std::string>{ids[0]});

  const std::string left = what_is_left(scratch, queue);
  CHECK_THAT(left, Contains(ids[1] + "\n") && Contains("messages processed: 1"));
}

TEST_CASE("an idle worker told to stop leaves at once") {
  Scratch scratch;
  publish(scratch, "stopped-idle", 1);
  Process idle = worker(scratch, "stopped-idle", scratch.fresh("report"), {"--idle", "1h"});
  idle.wait_for("-1\n");
  idle.signal(SIGTERM);
  CHECK(idle.wait() == 0);
}

TEST_CASE("idle time counts from the end of the last message") {
  Scratch scratch;
  const auto ids = publish(scratch, "idle", 2, {"--work", "1500ms"});
  const std::string report = scratch.fresh("report");
  Process process = worker(scratch, "idle", report, {"--idle", "700ms"});
  process.wait_for(ids[1] + "\n");
  CHECK(process.wait() == 0);
  const auto last_message_ended = std::filesystem::last_write_time(report);
  const auto left = std::filesystem::file_time_type::clock::now();
  CHECK(left - last_message_ended >= std::chrono::milliseconds(700));
  CHECK(processed(report) == ids);
  CHECK_THAT(process.output(), Contains("no message for 0.7 s; messages processed: 2\n"));
}

TEST_CASE("a worker holds one message and leaves the others to others") {
  Scratch scratch;
  const auto ids = publish(scratch, "prefetch", 2);
  const std::string report = scratch.fresh("report");
  Process busy = worker(scratch, "prefetch", report, {"--work", "1h"});
  busy.wait_for(ids[0]);
  CHECK(worker(scratch, "prefetch", report, {"--idle", "300ms"}).wait() == 0);
  CHECK(processed(report) == std::vector<std::string>{ids[1]});
}

TEST_CASE("workers share a queue and each message is done once") {
  Scratch scratch;
  run_demo(scratch, {"publish", "--queue", "shared", "--count", "0"}, 0);
  const std::string reports = scratch.fresh("reports");
  std::filesystem::create_directory(reports);
  std::vector<Process> workers;
  for (int i = 0; i < 3; ++i)
    workers.push_back(worker(scratch, "shared", reports, {"--idle", "2s"}));
  for (const Process& process : workers) process.wait_for("waiting for messages in queue 'shared'");

  const auto published = publish(scratch, "shared", 30, {"--work", "20ms"});
  for (Process& process : workers) CHECK(process.wait() == 0);

  std::vector<std::string> done;
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(reports)) {
    const auto ids = processed(file.path());
    CHECK_FALSE(ids.empty());
    done.insert(done.end(), ids.begin(), ids.end());
    ++files;
  }
  CHECK(files == 3);
  CHECK(std::multiset<std::string>(done.begin(), done.end()) ==
        std::multiset<std::string>(published.begin(), published.end()));
}

TEST_CASE("the connection stays alive while a message takes long") {
  Scratch scratch;
  const auto ids = publish(scratch, "long", 1, {"--work", "6s"});
  const std::string report = scratch.fresh("report");
  // The broker hangs up on a peer that has been silent for two heartbeats.
  const std::string url = environment("AMQP_URL") + "?heartbeat=1";
  Process process = worker(scratch, "long", report, {"--idle", "300ms", "--url", url});
  CHECK(process.wait() == 0);
  CHECK_THAT(process.output(), !Contains("connecting again"));
  CHECK(processed(report) == ids);
}

TEST_CASE("a poison message crashes its worker and stays in the queue") {
  Scratch scratch;
  const auto ids = publish(scratch, "poison", 1);
  const std::string output =
      run_demo(scratch, {"work", "--queue", "poison", "--fail-on", ids[0]}, 1);
  CHECK_THAT(output, Contains("crashing on message " + ids[0] + ", as told by --fail-on\n"));
  CHECK_THAT(what_is_left(scratch, "poison"), Contains(ids[0] + " (redelivered)\n"));
}

TEST_CASE("a report that cannot be written leaves the message in the queue") {
  Scratch scratch;
  const auto ids = publish(scratch, "full", 1);
  CHECK_THAT(run_demo(scratch, {"work", "--queue", "full", "--report", "/dev/full"}, 1),
             Contains("the report /dev/full cannot be written: No space left on device"));
  CHECK_THAT(what_is_left(scratch, "full"), Contains(ids[0] + " (redelivered)\n"));
}

TEST_CASE("a wrong URL or queue is answered with what is wrong") {
  Scratch scratch;
  const std::string port = environment("AMQP_PORT");
  const std::string broker = "jobscaler-demo: RabbitMQ at 127.0.0.1:" + port + ": ";
  struct Case {
    std::string url;
    std::string text;
  };
  const std::vector<Case> cases = {
      {"amqp://guest:secret@127.0.0.1:" + port,
       broker + "could not log in as 'guest' to vhost '/': 403 ACCESS_REFUSED"},
      {"amqp://127.0.0.1:" + port + "/nowhere",
       broker + "could not log in as 'guest' to vhost 'nowhere': 530 NOT_ALLOWED"},
      {"amqp://127.0.0.1:" + environment("MANAGEMENT_PORT"), "is this the AMQP port?"},
      {"amqp://127.0.0.1:1",
       "jobscaler-demo: RabbitMQ at 127.0.0.1:1: cannot connect; check host and port and that the "
       "broker runs\n"},
      {"amqp://nowhere.invalid",
       "jobscaler-demo: RabbitMQ at nowhere.invalid:5672: the host name 'nowhere.invalid' is "
       "unknown\n"},
      {environment("AMQP_URL"),
       broker + "could not consume the queue 'missing': 404 NOT_FOUND - no queue 'missing'"},
  };
  for (const auto& [url, text] : cases) {
    const std::string output = run_demo(scratch, {"work", "--queue", "missing", "--url", url}, 1);
    CHECK_THAT(output, Contains(text) && !Contains("secret"));
  }
}

TEST_CASE("a queue of the other type is not published to") {
  Scratch scratch;
  publish(scratch, "typed", 1, {"--quorum"});
  CHECK_THAT(run_demo(scratch, {"publish", "--queue", "typed", "--count", "1"}, 1),
             Contains("could not declare the queue 'typed': 406 PRECONDITION_FAILED"));
}

TEST_CASE("a worker whose queue is deleted says so and fails") {
  Scratch scratch;
  run_demo(scratch, {"publish", "--queue", "deleted", "--count", "0"}, 0);
  Process process = worker(scratch, "deleted", scratch.fresh("report"));
  process.wait_for("waiting for messages");
  Inspector().remove("deleted");
  CHECK(process.wait() == 1);
  CHECK_THAT(process.output(), Contains("the queue has been deleted"));
}

TEST_CASE("a worker outlives its broker's restart and nothing is lost") {
  Scratch scratch;
  const std::string end = GENERATE("kill9", "stop gracefully");
  const std::string queue = "restarted-" + end.substr(0, 4);
  const auto ids = publish(scratch, queue, 3);
  // A broker that is killed within seconds of a queue's declaration may have forgotten the queue.
  if (end == "kill9") broker_script("restart");
  const std::string report = scratch.fresh("report");
  Process process = worker(scratch, queue, report, {"--idle", "3s", "--work", "1s"});
  process.wait_for(ids[0]);
  if (end == "kill9") broker_script("kill9");
  broker_script("restart");  // graceful where there is something to stop
  const int status = process.wait();
  INFO(process.output());
  CHECK(status == 0);
  CHECK_THAT(process.output(), Contains("; connecting again\n"));
  const auto done = processed(report);
  CHECK(std::set<std::string>(done.begin(), done.end()) ==
        std::set<std::string>(ids.begin(), ids.end()));
}

TEST_CASE("a worker whose broker stays away gives up and says so") {
  Scratch scratch;
  run_demo(scratch, {"publish", "--queue", "away", "--count", "0"}, 0);
  Process process = worker(scratch, "away", scratch.fresh("report"), {"--patience", "1s"});
  process.wait_for("waiting for messages");
  broker_script("kill9");
  CHECK(process.wait() == 1);
  CHECK_THAT(process.output(), Contains("cannot connect; check host and port"));
  broker_script("restart");
}
