#include "demo/options.h"

#include <catch2/catch.hpp>

using namespace jobscaler::demo;
using namespace std::chrono_literals;

namespace {

using Args = std::vector<std::string>;
const Environment kEnvironment{
    .amqp_url = "amqp://127.0.0.1:5672/", .kafka_brokers = "kafka:9092", .jobscaler_report = ""};

std::string bad_usage(const Args& args, const Environment& environment = kEnvironment) {
  const auto command = parse_command(args, environment);
  const auto* leave = std::get_if<Leave>(&command);
  REQUIRE(leave != nullptr);
  CHECK(leave->status == 2);
  return leave->text;
}

}  // namespace

TEST_CASE("publish takes all of its options for a queue") {
  const auto command =
      parse_command({"publish", "--url", "amqp://u:p@h:1/v", "--queue", "q", "--count=200",
                     "--size", "10", "--rate", "50", "--quorum", "--work", "50ms"},
                    {});
  const auto& options = std::get<PublishOptions>(command);
  const auto& queue = std::get<PublishToQueue>(options.destination);
  CHECK(queue.broker == Address{"h", 1, "v", "u", "p", 10});
  CHECK(queue.queue == "q");
  CHECK(queue.quorum);
  CHECK(options.count == 200);
  CHECK(options.size == 10);
  CHECK(options.rate == 50);
  CHECK(options.work == 50ms);
}

TEST_CASE("publish takes all of its options for a topic") {
  const auto command =
      parse_command({"publish", "--topic", "t", "--partitions", "5", "--brokers", "a:1,b:2",
                     "--property", "security.protocol=ssl", "--property=ssl.ca.location=/a=b",
                     "--count", "300", "--size", "10", "--rate", "50", "--work", "50ms"},
                    {});
  const auto& options = std::get<PublishOptions>(command);
  const auto& topic = std::get<PublishToTopic>(options.destination);
  CHECK(topic.topic == "t");
  CHECK(topic.partitions == 5);
  CHECK(topic.cluster.brokers == "a:1,b:2");
  CHECK(topic.cluster.properties == std::map<std::string, std::string>{
                                        {"security.protocol", "ssl"}, {"ssl.ca.location", "/a=b"}});
  CHECK(options.count == 300);
  CHECK(options.size == 10);
  CHECK(options.rate == 50);
  CHECK(options.work == 50ms);
}

TEST_CASE("work takes all of its options for a queue") {
  const auto command =
      parse_command({"work", "--queue", "q", "--idle", "2s", "--work", "1m", "--prefetch", "7",
                     "--patience", "1h", "--report", "r", "--fail-on", "x-1"},
                    kEnvironment);
  const auto& options = std::get<WorkOptions>(command);
  const auto& queue = std::get<WorkOnQueue>(options.source);
  CHECK(queue.broker.host == "127.0.0.1");
  CHECK(queue.queue == "q");
  CHECK(queue.prefetch == 7);
  CHECK(options.idle == 2s);
  CHECK(options.work == 1min);
  CHECK(options.patience == 1h);
  CHECK(options.report == "r");
  CHECK(options.fail_on == "x-1");
}

TEST_CASE("work takes all of its options for a topic") {
  const auto command = parse_command(
      {"work", "--topic", "t", "--group", "g", "--to", "u", "--property", "client.id=me", "--idle",
       "2s", "--work", "1m", "--patience", "1h", "--report", "r", "--fail-on", "x-1"},
      kEnvironment);
  const auto& options = std::get<WorkOptions>(command);
  const auto& topic = std::get<WorkOnTopic>(options.source);
  CHECK(topic.topic == "t");
  CHECK(topic.group == "g");
  CHECK(topic.to == "u");
  CHECK(topic.cluster.brokers == "kafka:9092");
  CHECK(topic.cluster.properties == std::map<std::string, std::string>{{"client.id", "me"}});
  CHECK(options.idle == 2s);
  CHECK(options.work == 1min);
  CHECK(options.patience == 1h);
  CHECK(options.report == "r");
  CHECK(options.fail_on == "x-1");
}

TEST_CASE("a worker takes one message at a time and stays, unless told otherwise") {
  const auto options = std::get<WorkOptions>(parse_command({"work", "--queue", "q"}, kEnvironment));
  CHECK(std::get<WorkOnQueue>(options.source).prefetch == 1);
  CHECK(options.idle == std::nullopt);
  CHECK(options.work == std::nullopt);
}

TEST_CASE("the environment says where to report, and the command line wins over it") {
  const Environment environment{
      .amqp_url = "amqp://h", .kafka_brokers = "", .jobscaler_report = "/reports"};
  const auto report = [&](const Args& args) {
    return std::get<WorkOptions>(parse_command(args, environment)).report;
  };
  CHECK(report({"work", "--queue", "q"}) == "/reports");
  CHECK(report({"work", "--queue", "q", "--report", "here"}) == "here");
}

TEST_CASE("the broker named on the command line wins over the environment's") {
  const auto queue = parse_command({"work", "--queue", "q", "--url", "amqp://there"}, kEnvironment);
  CHECK(std::get<WorkOnQueue>(std::get<WorkOptions>(queue).source).broker.host == "there");
  const auto topic =
      parse_command({"work", "--topic", "t", "--group", "g", "--brokers", "there:1"}, kEnvironment);
  CHECK(std::get<WorkOnTopic>(std::get<WorkOptions>(topic).source).cluster.brokers == "there:1");
}

TEST_CASE("--help names every option and is no error") {
  const auto publish = std::get<Leave>(parse_command({"publish", "--help"}, {}));
  CHECK(publish.status == 0);
  for (const char* flag :
       {"--url URL", "--queue NAME", "--count N", "--size BYTES", "--rate R", "--quorum", "--work",
        "--topic NAME", "--partitions N", "--brokers HOST:PORT,...", "--property NAME=VALUE"})
    CHECK_THAT(publish.text, Catch::Contains(flag));

  const auto work = std::get<Leave>(parse_command({"work", "--queue", "q", "--help"}, {}));
  CHECK(work.status == 0);
  for (const char* flag :
       {"--url URL", "--queue NAME", "--idle", "--work", "--prefetch N", "--patience",
        "--report FILE|DIR", "--fail-on ID", "--topic NAME", "--group NAME", "--to TOPIC",
        "--brokers HOST:PORT,...", "--property NAME=VALUE"})
    CHECK_THAT(work.text, Catch::Contains(flag));

  CHECK(std::get<Leave>(parse_command({"--help"}, {})).status == 0);
}

TEST_CASE("a command that is none is answered with the ones there are") {
  for (const Args& args : {Args{}, Args{"consume"}})
    CHECK_THAT(bad_usage(args), Catch::Contains("jobscaler-demo publish --queue NAME") &&
                                    Catch::Contains("jobscaler-demo work --queue NAME"));
}

TEST_CASE("bad usage is answered with what is wrong and what is allowed") {
  struct Case {
    Args args;
    std::string text;
  };
  const std::vector<Case> cases = {
      {{"work"},
       "jobscaler-demo work: --queue NAME or --topic NAME is missing; see jobscaler-demo work "
       "--help\n"},
      {{"work", "--prefetch", "2"}, "--queue NAME is missing"},
      {{"publish", "--count", "1", "--partitions", "2"}, "--topic NAME is missing"},
      {{"work", "--topic", "t"}, "--group NAME is missing"},
      {{"work", "--queue", "q", "--topic", "t"},
       "--queue is about queues and --topic about topics: they exclude each other"},
      {{"publish", "--topic", "t", "--quorum", "--count", "1"},
       "--quorum is about queues and --topic about topics: they exclude each other"},
      {{"work", "--queue", "q", "--group", "g"},
       "--queue is about queues and --group about topics: they exclude each other"},
      {{"work", "--topic", "t", "--group", "g", "--to", "t"},
       "--to and --topic are the same: it would not end"},
      {{"publish", "--topic", "t", "--count", "1", "--partitions", "0"},
       "--partitions: '0' is not a whole number from 1 to 10000"},
      {{"work", "--topic", "t", "--group", "g", "--property", "=b"}, "--property needs NAME=VALUE"},
      {{"work", "--topic", "t", "--group", "g", "--property", "group.id=b"},
       "--property: group.id is given as --group"},
      {{"work", "--topic", "t", "--group", "g", "--property", "enable.auto.commit=true"},
       "--property: enable.auto.commit is the demo's own: it commits what is done, and nothing "
       "else"},
      {{"publish", "--queue", "q"},
       "jobscaler-demo publish: --count N is missing; see jobscaler-demo publish --help\n"},
      {{"work", "--queue"}, "--queue needs a value: --queue NAME"},
      {{"work", "--queue="}, "--queue: '' is not a text of at least one character"},
      {{"work", "--quene", "q"}, "'--quene' is not an option"},
      {{"work", "--queue", "q", "--idle", "5"},
       "--idle: '5' is not a duration such as 250ms, 10s, 5m or 1h"},
      {{"work", "--queue", "q", "--idle", "-5s"}, "--idle: '-5s' is not a duration"},
      {{"work", "--queue", "q", "--work", "5 s"}, "--work: '5 s' is not a duration"},
      {{"work", "--queue", "q", "--patience", "99999999999h"}, "is not a duration"},
      {{"work", "--queue", "q", "--prefetch", "0"},
       "--prefetch: '0' is not a whole number from 1 to 65535"},
      {{"publish", "--queue", "q", "--count", "-1"}, "--count: '-1' is not a whole number from 0"},
      {{"publish", "--queue", "q", "--count", "1e3"}, "--count: '1e3' is not a whole number"},
      {{"publish", "--queue", "q", "--quorum=yes"}, "--quorum takes no value"},
      {{"work", "--queue", "q", "--url", "http://h"},
       "--url: not a URL; a broker's URL is amqp://"},
  };
  for (const auto& [args, text] : cases) CHECK_THAT(bad_usage(args), Catch::Contains(text));
}

TEST_CASE("without a broker both places to name one are said") {
  CHECK_THAT(bad_usage({"work", "--queue", "q"}, {}),
             Catch::Contains("no broker: give --url URL or set AMQP_URL"));
  CHECK_THAT(bad_usage({"work", "--topic", "t", "--group", "g"}, {}),
             Catch::Contains("no broker: give --brokers HOST:PORT or set KAFKA_BROKERS"));
}

TEST_CASE("a password in a misplaced URL is not repeated") {
  CHECK_THAT(bad_usage({"work", "amqp://u:secret@h"}),
             Catch::Contains("argument 1 belongs to no option") && !Catch::Contains("secret"));
  CHECK_THAT(bad_usage({"work", "--uri=amqp://u:secret@h"}),
             Catch::Contains("'--uri' is not an option") && !Catch::Contains("secret"));
  CHECK_THAT(bad_usage({"work", "--queue", "q", "--url", "amqp//u:secret@h"}),
             Catch::Contains("--url: not a URL") && !Catch::Contains("secret"));
  CHECK_THAT(
      bad_usage({"work", "--topic", "t", "--group", "g", "--property", "sasl.password:secret"}),
      Catch::Contains("--property needs NAME=VALUE") && !Catch::Contains("secret"));
}
