#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include "demo/options.h"
#include "demo/publish.h"
#include "demo/work.h"

namespace {

volatile std::sig_atomic_t stop = 0;

void stop_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop = 1; };
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

struct Run {
  int operator()(const jobscaler::demo::PublishOptions& options) const {
    publish(options);
    return 0;
  }
  int operator()(const jobscaler::demo::WorkOptions& options) const {
    stop_on_signals();
    work(options, stop);
    return 0;
  }
  int operator()(const jobscaler::demo::Leave& leave) const {
    std::fputs(leave.text.c_str(), leave.status == 0 ? stdout : stderr);
    return leave.status;
  }
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

int main(int argc, char** argv) {
  using jobscaler::demo::parse_command;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // a worker's log is read while it works
  try {
    return std::visit(Run(), parse_command({argv + 1, argv + argc},
                                           {variable("AMQP_URL"), variable("KAFKA_BROKERS"),
                                            variable("JOBSCALER_REPORT")}));
  } catch (const std::exception& error) {
    fmt::print(stderr, "jobscaler-demo: {}\n", error.what());
    return 1;
  }
}
