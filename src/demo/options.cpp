#include "demo/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

#include "demo/flags.h"

namespace jobscaler::demo {
namespace {

constexpr const char* kUsage =
    "usage: jobscaler-demo publish --queue NAME --count N [options]   fills a queue\n"
    "       jobscaler-demo work --queue NAME [options]                the reference worker\n"
    "jobscaler-demo COMMAND --help says which options there are.\n";

constexpr int kLargestBody = 16 << 20;

Leave bad_usage(const std::string& command, const std::string& what) {
  return {2,
          fmt::format("jobscaler-demo {0}: {1}; see jobscaler-demo {0} --help\n", command, what)};
}

std::optional<std::string> missing(const WorkOptions& options) {
  if (options.queue.empty()) return "--queue NAME";
  return std::nullopt;
}

std::optional<std::string> missing(const PublishOptions& options) {
  if (options.queue.empty()) return "--queue NAME";
  if (options.count < 0) return "--count N";
  return std::nullopt;
}

struct Parser {
  std::string url;
  PublishOptions publish;
  WorkOptions work;

  std::vector<Flag> publish_flags() {
    return {
        {"--url", "URL", "the broker; default: $AMQP_URL", text(url)},
        {"--queue", "NAME", "durable; created if it is not there", text(publish.queue)},
        {"--count", "N", "messages; 0 only declares the queue", number(publish.count, 0, INT_MAX)},
        {"--size", "BYTES", "of each message; default 0", number(publish.size, 0, kLargestBody)},
        {"--rate", "R", "messages per second; default: no limit",
         number(publish.rate, 1, 1'000'000)},
        {"--quorum", "", "create a quorum queue", set(publish.quorum)},
        {"--work", "DURATION", "how long a worker is to work on each message",
         duration(publish.work)},
    };
  }

  std::vector<Flag> work_flags() {
    return {
        {"--url", "URL", "the broker; default: $AMQP_URL", text(url)},
        {"--queue", "NAME", "must be there", text(work.queue)},
        {"--idle", "DURATION", "leave when there was no message for so long; default: stay",
         duration(work.idle)},
        {"--work", "DURATION", "work on each message so long; default: what the message asks for",
         duration(work.work)},
        {"--prefetch", "N", "messages taken at once; default 1", number(work.prefetch, 1, 65'535)},
        {"--patience", "DURATION", "try so long to connect again when it is lost; default 30s",
         duration(work.patience)},
        {"--report", "FILE|DIR", "append the ids of processed messages; default: $JOBSCALER_REPORT",
         text(work.report)},
        {"--fail-on", "ID", "crash on this message, to show what a poison message does",
         text(work.fail_on)},
    };
  }

  /// What is wrong, or nothing; afterwards `options` is complete.
  template <typename Options>
  std::optional<std::string> run(const std::vector<Flag>& flags,
                                 const std::vector<std::string>& args, Options& options) {
    if (auto wrong = parse_flags(flags, args)) return wrong;
    if (auto what = missing(options)) return *what + " is missing";
    if (url.empty()) return "no broker: give --url URL or set AMQP_URL";
    const auto broker = parse_url(url);
    if (!broker) return "--url: " + broker.error().message;
    options.broker = *broker;
    return std::nullopt;
  }
};

Leave help(const std::string& command, const std::vector<Flag>& flags) {
  return {0, fmt::format("usage: jobscaler-demo {} [options]\n{}"
                         "Exit status: 0 done, 1 the broker or the queue failed, 2 bad usage.\n",
                         command, help_text(flags))};
}

}  // namespace

Command parse_command(const std::vector<std::string>& args, const Environment& environment) {
  const std::string command = args.empty() ? "" : args.front();
  if (command == "--help" || command == "help") return Leave{0, kUsage};
  if (command != "publish" && command != "work") return Leave{2, kUsage};

  Parser parser{environment.amqp_url, {}, {}};
  parser.work.report = environment.jobscaler_report;
  const bool publishes = command == "publish";
  const auto flags = publishes ? parser.publish_flags() : parser.work_flags();
  const std::vector<std::string> rest(args.begin() + 1, args.end());
  if (std::count(rest.begin(), rest.end(), "--help") > 0) return help(command, flags);

  const auto wrong =
      publishes ? parser.run(flags, rest, parser.publish) : parser.run(flags, rest, parser.work);
  if (wrong) return bad_usage(command, *wrong);
  if (publishes) return parser.publish;
  return parser.work;
}

}  // namespace jobscaler::demo
