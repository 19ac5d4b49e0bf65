#include <fmt/format.h>
#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "daemon/check.h"
#include "daemon/run.h"
#include "telemetry/log.h"

namespace {

using namespace jobscaler;

constexpr int kOk = 0;
constexpr int kFailure = 1;
constexpr int kUsage = 2;  // bad usage or configuration

constexpr std::string_view kHelp =
    R"(jobscaler scales workers for queues of RabbitMQ and consumer groups of Kafka on Kubernetes: one Job
per worker, started while the queue is over its threshold and only as fast as pods become ready.

usage: jobscaler run     --config FILE [--log-format text|json] [--log-level LEVEL]
       jobscaler check   --config FILE [--connect]
       jobscaler version

  run        the daemon; SIGTERM or SIGINT stops it and leaves the workers as they are; edits of
             the configuration are taken up while it runs, on SIGHUP at once
  check      says everything that is wrong with the configuration, at once
  version    prints the version

  -c, --config FILE        the configuration, YAML (see config/jobscaler.yaml)
      --connect            check also asks the brokers and the cluster: reachable, queues and
                           topics there, how ages will be measured, permissions, Job templates
                           accepted
      --log-format FORMAT  text (default) or json, one object per line
      --log-level LEVEL    debug, info (default), warn or error; debug prints every decision
  -h, --help               this text

exit status: 0 clean stop or nothing wrong; 1 runtime failure, or a failed check --connect;
             2 bad usage or configuration
)";

// Options without a short form: no character has such a value.
enum : int { kConnect = 256, kLogFormat, kLogLevel };

constexpr option kOptions[] = {{"config", required_argument, nullptr, 'c'},
                               {"connect", no_argument, nullptr, kConnect},
                               {"log-format", required_argument, nullptr, kLogFormat},
                               {"log-level", required_argument, nullptr, kLogLevel},
                               {"help", no_argument, nullptr, 'h'},
                               {nullptr, 0, nullptr, 0}};

struct Options {
  std::string command;
  std::string config;
  bool connect = false;
  bool help = false;
  telemetry::LogFormat format = telemetry::LogFormat::text;
  Level level = Level::info;
};

int usage_error(const std::string& text) {
  fmt::print(stderr, "jobscaler: {}\nTry 'jobscaler --help'.\n", text);
  return kUsage;
}

std::optional<Level> parse_level(std::string_view name) {
  if (name == "debug") return Level::debug;
  if (name == "info") return Level::info;
  if (name == "warn") return Level::warn;
  if (name == "error") return Level::error;
  return std::nullopt;
}

/// Sets one option; returns what is wrong with its value, or nothing.
std::string set_option(Options& options, int option, const std::string& value) {
  switch (option) {
    case 'c':
      options.config = value;
      return {};
    case kConnect:
      options.connect = true;
      return {};
    case 'h':
      options.help = true;
      return {};
    case kLogFormat:
      if (value != "text" && value != "json") {
        return fmt::format("--log-format {}: must be text or json", value);
      }
      options.format = value == "json" ? telemetry::LogFormat::json : telemetry::LogFormat::text;
      return {};
    case kLogLevel:
      if (!parse_level(value)) {
        return fmt::format("--log-level {}: must be debug, info, warn or error", value);
      }
      options.level = *parse_level(value);
      return {};
    default:
      return "unexpected option";
  }
}

/// `given`: the argument getopt_long() has got to; one of clustered short options leaves it behind.
std::string option_error(const std::string& given) {
  if (optopt == 0) return fmt::format("unknown option {}", given);
  for (const option* known = kOptions; known->name != nullptr; ++known) {
    if (known->val == optopt) return fmt::format("option --{} takes no value", known->name);
  }
  return fmt::format("unknown option -{}", static_cast<char>(optopt));
}

/// Fills `options`; returns what is wrong with the command line, or nothing.
std::string parse_command_line(int argc, char** argv, Options& options) {
  opterr = 0;
  for (int option; (option = getopt_long(argc, argv, ":c:h", kOptions, nullptr)) != -1;) {
    std::string given = argv[optind - 1];
    if (option == '?') return option_error(given);
    if (option == ':') return fmt::format("option {} needs a value", given);
    if (std::string wrong = set_option(options, option, optarg ? optarg : ""); !wrong.empty()) {
      return wrong;
    }
  }
  if (optind < argc) options.command = argv[optind++];
  if (optind < argc) return fmt::format("unexpected argument {}", argv[optind]);
  return {};
}

/// The configuration, with its problems printed to stderr; nothing if it cannot be used.
std::optional<daemon::LoadedConfig> load(const std::string& file) {
  const Result<std::string> text = read_config(file);
  ParsedConfig parsed = parse_config(text);
  daemon::print_problems(stderr, file, parsed);
  if (!parsed.config) return std::nullopt;
  return daemon::LoadedConfig{file, *text, std::move(*parsed.config)};
}

int check(const Options& options) {
  const auto loaded = load(options.config);
  if (!loaded) return kUsage;
  const Config& config = loaded->config;
  fmt::print("{}: ok, {} scaler{}\n", options.config, config.scalers.size(),
             config.scalers.size() == 1 ? "" : "s");
  if (!options.connect) return kOk;
  return daemon::check_connections(stdout, config) ? kOk : kFailure;
}

int run(const Options& options) {
  const auto loaded = load(options.config);
  if (!loaded) return kUsage;
  telemetry::Log log(stdout, options.format, options.level);
  return daemon::run(*loaded, log);
}

int dispatch(const Options& options) {
  if (options.command == "version") {
    fmt::print("jobscaler {}\n", JOBSCALER_VERSION);
    return kOk;
  }
  if (options.command.empty()) return usage_error("what is to be done? run, check or version");
  if (options.command != "run" && options.command != "check") {
    return usage_error(
        fmt::format("unknown command {}: must be run, check or version", options.command));
  }
  if (options.config.empty()) {
    return usage_error(fmt::format("{} needs --config FILE", options.command));
  }
  if (options.connect && options.command != "check") {
    return usage_error("--connect goes with check");
  }
  return options.command == "run" ? run(options) : check(options);
}

int run_program(int argc, char** argv) {
  try {
    Options options;
    std::string wrong = parse_command_line(argc, argv, options);
    if (!wrong.empty()) return usage_error(wrong);
    if (options.help) {
      fmt::print("{}", kHelp);
      return kOk;
    }
    return dispatch(options);
  } catch (const std::exception& error) {
    fmt::print(stderr, "jobscaler: {}\n", error.what());
    return kFailure;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int status = run_program(argc, argv);
  std::fflush(nullptr);
  // The HTTP library would wait for its threads, one of which may hang in a name's lookup.
  std::_Exit(status);
}
