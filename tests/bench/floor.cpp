// The floor under "pod ready -> next Job's POST": what the libraries cost when nothing is decided.
// A watch line that says that the awaited pod is ready, one queue reading, the next Job's POST.

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include "bench/cluster.h"
#include "bench/queues.h"
#include "http/client.h"
#include "kube/names.h"

namespace {

using namespace jobscaler;

constexpr int kUsage = 2;
constexpr auto kIdle = std::chrono::minutes(2);

struct Options {
  std::string kubeconfig;
  int amqp_port = 0;
  std::string queue;
  std::string manifest;  // a Job as JSON, @NAME@ for its name
  std::string prefix;    // names are <prefix>-<number>
  int first = 1;
  int count = 0;
};

std::string replace_all(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// Whether a watch's line shows a pod whose condition Ready is True; found without parsing it.
bool shows_ready(const std::string& line) {
  std::size_t type = line.find(R"("type":"Ready")");
  if (type == std::string::npos) return false;
  std::size_t begin = line.rfind('{', type);
  std::string condition = line.substr(begin, line.find('}', type) - begin);
  return condition.find(R"("status":"True")") != std::string::npos;
}

class Floor {
 public:
  explicit Floor(const Options& options)
      : options_(options),
        cluster_(bench::Cluster::Kind::real, options.kubeconfig, ""),
        poster_(cluster_.client()),
        watcher_(cluster_.client()),
        queues_(options.amqp_port) {
    std::ifstream in(options.manifest);
    manifest_.assign(std::istreambuf_iterator<char>(in), {});
  }

  void run() {
    post_next();
    http::Request watch;
    watch.path = kube::pods_path(cluster_.name_space()) + "?watch=true&" +
                 bench::instance_query(options_.prefix);
    watch.headers = cluster_.headers();
    auto end = watcher_.stream(watch, kIdle, [this](const std::string& line) { return on(line); });
    if (!end.ok()) throw std::runtime_error(end.error().message);
    if (created_ < options_.count) throw std::runtime_error("the watch ended");
  }

 private:
  bool on(const std::string& line) {
    if (line.find(awaited_) == std::string::npos || !shows_ready(line)) return true;
    if (queues_.ready(options_.queue) == 0) throw std::runtime_error(options_.queue + " is empty");
    post_next();
    return created_ < options_.count;
  }

  void post_next() {
    std::string name = fmt::format("{}-{}", options_.prefix, options_.first + created_++);
    http::Request post{.method = "POST",
                       .path = kube::jobs_path(cluster_.name_space()),
                       .body = replace_all(manifest_, "@NAME@", name),
                       .headers = cluster_.headers()};
    auto answer = poster_.send(post);
    if (!answer.ok()) throw std::runtime_error(answer.error().message);
    if (answer->status != 201) throw std::runtime_error(answer->body);
    awaited_ = fmt::format(R"("kind":"Job","name":"{}")", name);
  }

  const Options options_;
  const bench::Cluster cluster_;
  http::Client poster_;
  http::Client watcher_;
  bench::Queues queues_;
  std::string manifest_;
  std::string awaited_;  // how a pod's line names the latest Job as its owner
  int created_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    fmt::print(stderr, "usage: {} KUBECONFIG AMQP_PORT QUEUE MANIFEST PREFIX FIRST COUNT\n",
               argv[0]);
    return kUsage;
  }
  try {
    http::initialize_thread_pool(2);
    Floor({.kubeconfig = argv[1],
           .amqp_port = std::atoi(argv[2]),
           .queue = argv[3],
           .manifest = argv[4],
           .prefix = argv[5],
           .first = std::atoi(argv[6]),
           .count = std::atoi(argv[7])})
        .run();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}: {}\n", argv[0], error.what());
    return 1;
  }
}
