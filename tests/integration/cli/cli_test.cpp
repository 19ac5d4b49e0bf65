// The program as its users call it: texts and exit statuses.

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace {

struct Outcome {
  int status = -1;
  std::string out;
  std::string err;
};

std::string contents_of(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A folder that is gone with the test.
class Scratch {
 public:
  Scratch() {
    std::string pattern = "/tmp/jobscaler-cli-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~Scratch() {
    for (const char* name : {"/out", "/err", "/config.yaml", "/kubeconfig", "/began"}) {
      unlink((path_ + name).c_str());
    }
    rmdir(path_.c_str());
  }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Outcome call(const Scratch& scratch, const std::string& arguments) {
  std::string command = std::string(JOBSCALER_BINARY) + " " + arguments + " >" +
                        scratch.file("out") + " 2>" + scratch.file("err") + " </dev/null";
  int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents_of(scratch.file("out")),
          contents_of(scratch.file("err"))};
}

}  // namespace

TEST_CASE("version prints the version") {
  Scratch scratch;
  Outcome outcome = call(scratch, "version");
  CHECK(outcome.status == 0);
  CHECK(outcome.out == "jobscaler " JOBSCALER_VERSION "\n");
}

TEST_CASE("--help explains itself on standard output") {
  Scratch scratch;
  for (const char* arguments : {"--help", "-h", "run --help", "check -h"}) {
    Outcome outcome = call(scratch, arguments);
    CHECK(outcome.status == 0);
    CHECK_THAT(outcome.out, Catch::Contains("usage: jobscaler run     --config FILE"));
    CHECK(outcome.err.empty());
  }
}

TEST_CASE("bad usage exits 2 and says what is wrong") {
  struct Case {
    const char* arguments;
    const char* text;
  };
  auto [arguments, text] = GENERATE(values<Case>({
      {"", "what is to be done? run, check or version"},
      {"walk", "unknown command walk: must be run, check or version"},
      {"run", "run needs --config FILE"},
      {"check", "check needs --config FILE"},
      {"run --config", "option --config needs a value"},
      {"run --confg x", "unknown option --confg"},
      {"run -x", "unknown option -x"},
      {"check -zc f", "unknown option -z"},
      {"-zc f check", "unknown option -z"},
      {"check --config f --connect=yes", "option --connect takes no value"},
      {"run --config x y", "unexpected argument y"},
      {"run --config x --connect", "--connect goes with check"},
      {"run --config x --log-format xml", "--log-format xml: must be text or json"},
      {"run --config x --log-level loud", "--log-level loud: must be debug, info, warn or error"},
  }));
  Scratch scratch;
  Outcome outcome = call(scratch, arguments);
  CHECK(outcome.status == 2);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "jobscaler: " + std::string(text) + "\nTry 'jobscaler --help'.\n");
}

TEST_CASE("the sample configuration is right") {
  Scratch scratch;
  Outcome outcome = call(scratch, "check --config " SAMPLE_CONFIG);
  CHECK(outcome.status == 0);
  CHECK_THAT(outcome.out, Catch::Contains(SAMPLE_CONFIG ": ok, "));
}

TEST_CASE("a configuration that is not there exits 2 and is named") {
  Scratch scratch;
  std::string command = GENERATE(as<std::string>{}, "check", "run");
  Outcome outcome = call(scratch, command + " --config " + scratch.file("none.yaml"));
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, Catch::StartsWith(scratch.file("none.yaml") + ": error: "));
  CHECK_THAT(outcome.err, Catch::Contains("No such file or directory"));
}

TEST_CASE("a wrong configuration exits 2 with every problem at once") {
  Scratch scratch;
  std::ofstream(scratch.file("config.yaml")) << "pollInterval: 5 parsecs\nscaler: []\n";
  std::string command = GENERATE(as<std::string>{}, "check", "run");
  Outcome outcome = call(scratch, command + " --config " + scratch.file("config.yaml"));
  CHECK(outcome.status == 2);
  CHECK_THAT(outcome.err, Catch::Contains("config.yaml:1:15: error: pollInterval: "));
  CHECK_THAT(outcome.err, Catch::Contains("config.yaml:2:1: error: "));
  CHECK_THAT(outcome.err, Catch::Contains("did you mean scalers?"));
}

#ifdef HANG_LOOKUPS
TEST_CASE("the daemon ends at once on SIGTERM while a lookup hangs") {
  Scratch scratch;
  std::ofstream(scratch.file("kubeconfig")) << R"(
current-context: m
contexts: [{name: m, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: 'http://hanging.test:1'}}]
users: [{name: u, user: {token: t}}]
)";
  std::ofstream(scratch.file("config.yaml"))
      << "kubernetes: {kubeconfig: " << scratch.file("kubeconfig") << R"(, timeout: 5m}
connections: {rabbit: {rabbitmq: {host: 127.0.0.1, port: 1}}}
nodeGroups: [{name: default}]
scalers:
  - name: orders
    rabbitmq: {connection: rabbit, queue: orders}
    scaleUp: {messagesAbove: 1}
    workers: {max: 1, nodeGroups: [default]}
    job: {template: {spec: {containers: [{name: w, image: x}]}}}
)";
  // --foreground: otherwise timeout sends the signal twice, and the second ends any daemon at once.
  const std::string command = "export LOOKUP_BEGAN=" + scratch.file("began") +
                              "; timeout --foreground -s KILL 60 env LD_PRELOAD=" HANG_LOOKUPS
                              " " JOBSCALER_BINARY " run --config " +
                              scratch.file("config.yaml") + " >" + scratch.file("out") +
                              " & until [ -e $LOOKUP_BEGAN ]; do kill -0 $! && sleep 0.05 || exit "
                              "9; done; kill $!; wait $!";
  const int status = std::system(command.c_str());
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);  // 137: killed, because it went on for a minute
  CHECK_THAT(contents_of(scratch.file("out")), Catch::Contains("SIGTERM: stops"));
}
#endif
