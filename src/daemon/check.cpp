#include "daemon/check.h"

#include <fmt/format.h>

#include <vector>

#include "daemon/queues.h"
#include "http/client.h"
#include "jobscaler/ports.h"
#include "kafka/connection.h"
#include "kube/cluster.h"
#include "rabbitmq/connection.h"

namespace jobscaler::daemon {
namespace {

const char* word(CheckLine::Status status) {
  switch (status) {
    case CheckLine::Status::ok:
      return "ok  ";
    case CheckLine::Status::warn:
      return "warn";
    case CheckLine::Status::fail:
      return "FAIL";
  }
  return "?";
}

/// Returns whether none failed.
bool print(std::FILE* out, const std::vector<CheckLine>& lines) {
  bool good = true;
  for (const CheckLine& line : lines) {
    fmt::print(out, "{}  {}: {}\n", word(line.status), line.subject, line.text);
    good = good && line.status != CheckLine::Status::fail;
  }
  return good;
}

}  // namespace

void print_problems(std::FILE* out, const std::string& file, const ParsedConfig& parsed) {
  for (const Problem& problem : parsed.problems) {
    fmt::print(out, "{}\n", format_problem(file, problem));
  }
}

bool check_connections(std::FILE* out, const Config& config) {
  http::initialize_thread_pool(2);
  bool good = true;
  for (const RabbitmqConnection& connection : config.rabbitmq) {
    good = print(out, rabbitmq::check(connection, queues_on(connection.name, config))) && good;
  }
  for (const KafkaConnection& connection : config.kafka) {
    good = print(out, kafka::check(connection, groups_on(connection.name, config))) && good;
  }
  return print(out, kube::check(config.kubernetes, config.node_groups, config.scalers)) && good;
}

}  // namespace jobscaler::daemon
