#include "bench/observer.h"

#include <cpprest/json.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "kube/names.h"

namespace jobscaler::bench {
namespace {

using web::json::value;

constexpr auto kPatience = std::chrono::minutes(2);
constexpr auto kWatchFor = std::chrono::hours(1);

std::string text_at(const value& object, const std::string& key) {
  return object.has_string_field(key) ? object.at(key).as_string() : "";
}

std::string owner(const value& pod) {
  return pod.at("metadata").at("ownerReferences").at(0).at("name").as_string();
}

bool is_ready(const value& pod) {
  const value& status = pod.at("status");
  if (!status.has_array_field("conditions")) return false;
  const auto& conditions = status.at("conditions").as_array();
  return std::any_of(conditions.begin(), conditions.end(), [](const value& condition) {
    return text_at(condition, "type") == "Ready" && text_at(condition, "status") == "True";
  });
}

}  // namespace

std::string job_name(const std::string& prefix, int number) {
  return fmt::format("{}-{}", prefix, number);
}

Observer::Observer(const Cluster& cluster, std::string instance)
    : client_(cluster.client()), headers_(cluster.headers()), instance_(std::move(instance)) {
  jobs_ = std::thread(
      [this, path = kube::jobs_path(cluster.name_space())] { watch(path, job_lines_); });
  pods_ = std::thread(
      [this, path = kube::pods_path(cluster.name_space())] { watch(path, pod_lines_); });
}

Observer::~Observer() {
  client_.stop();
  jobs_.join();
  pods_.join();
}

void Observer::watch(const std::string& path, std::vector<Line>& lines) {
  http::Request request;
  request.path = fmt::format("{}?watch=true&timeoutSeconds={}&{}", path,
                             std::chrono::seconds(kWatchFor).count(), instance_query(instance_));
  request.headers = headers_;
  auto end = client_.stream(request, kWatchFor, [&](const std::string& line) {
    TimePoint now = BootClock::now();
    std::lock_guard lock(mutex_);
    lines.push_back({now, line});
    if (line.find(awaited_) != std::string::npos) changed_.notify_all();
    return true;
  });
  std::lock_guard lock(mutex_);
  trouble_ = end.ok() ? fmt::format("the watch on {} ended: {} {}", path, end->status, end->body)
                      : end.error().message;
  changed_.notify_all();
}

void Observer::understand() {
  for (const Line& line : std::exchange(job_lines_, {})) understand_job(line);
  for (const Line& line : std::exchange(pod_lines_, {})) understand_pod(line);
}

void Observer::understand_job(const Line& line) {
  value event = value::parse(line.text);
  SeenJob& seen = jobs_seen_[event.at("object").at("metadata").at("name").as_string()];
  if (seen.added == TimePoint{}) seen.added = line.at;
  seen.gone = text_at(event, "type") == "DELETED";
}

void Observer::understand_pod(const Line& line) {
  value event = value::parse(line.text);
  const value& pod = event.at("object");
  if (is_ready(pod)) ready_.emplace(owner(pod), line.at);
}

void Observer::wait_for(const std::string& what, const std::string& job,
                        const std::function<bool()>& happened) {
  std::unique_lock lock(mutex_);
  awaited_ = fmt::format(R"("name":"{}")", job);
  bool good = changed_.wait_for(lock, kPatience, [&] {
    understand();
    return happened() || !trouble_.empty();
  });
  if (good && trouble_.empty()) return;
  throw std::runtime_error(fmt::format("{}: {}", what, good ? trouble_ : "not within 2 minutes"));
}

TimePoint Observer::job_added(const std::string& job) {
  wait_for("Job " + job + " created", job, [&] { return jobs_seen_.count(job) > 0; });
  std::lock_guard lock(mutex_);
  return jobs_seen_.at(job).added;
}

void Observer::wait_until_gone(const std::string& job) {
  wait_for("Job " + job + " gone", job,
           [&] { return jobs_seen_.count(job) > 0 && jobs_seen_.at(job).gone; });
}

int Observer::highest(const std::string& prefix) {
  std::lock_guard lock(mutex_);
  understand();
  int number = 0;
  while (jobs_seen_.count(job_name(prefix, number + 1)) > 0) ++number;
  return number;
}

Samples Observer::transitions(const std::string& prefix, const std::vector<Turn>& turns) {
  std::lock_guard lock(mutex_);
  understand();
  Samples samples;
  for (auto [first, last] : turns) {
    for (int n = first; n < last; ++n) {
      samples.add(jobs_seen_.at(job_name(prefix, n + 1)).added - ready_.at(job_name(prefix, n)));
    }
  }
  return samples;
}

Samples kubesim_transitions(const Cluster& kubesim, const std::string& prefix,
                            const std::vector<Turn>& turns) {
  value times = value::parse(kubesim.get("/kubesim/times"));
  std::map<std::string, std::int64_t> ready;
  std::map<std::string, std::int64_t> posted;
  for (const value& job : times.at("jobs").as_array()) {
    if (!job.at("ready").is_null()) {
      ready[text_at(job, "name")] = job.at("ready").as_number().to_int64();
    }
  }
  for (const value& post : times.at("posts").as_array()) {
    posted.emplace(text_at(post, "name"), post.at("arrived").as_number().to_int64());
  }
  Samples samples;
  for (auto [first, last] : turns) {
    for (int n = first; n < last; ++n) {
      samples.add(Duration(posted.at(job_name(prefix, n + 1)) - ready.at(job_name(prefix, n))));
    }
  }
  return samples;
}

}  // namespace jobscaler::bench
