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
  jobs_ = std::thread([this, path = kube::jobs_path(cluster.name_space())] {
    watch(path, [this](const std::string& line) { see_job(line, BootClock::now()); });
  });
  pods_ = std::thread([this, path = kube::pods_path(cluster.name_space())] {
    watch(path, [this](const std::string& line) { see_pod(line, BootClock::now()); });
  });
}

Observer::~Observer() {
  client_.stop();
  jobs_.join();
  pods_.join();
}

void Observer::watch(const std::string& path,
                     const std::function<void(const std::string&)>& on_line) {
  http::Request request;
  request.path = fmt::format("{}?watch=true&timeoutSeconds={}&{}", path,
                             std::chrono::seconds(kWatchFor).count(), instance_query(instance_));
  request.headers = headers_;
  auto end = client_.stream(request, kWatchFor, [&](const std::string& line) {
    on_line(line);
    return true;
  });
  std::lock_guard lock(mutex_);
  trouble_ = end.ok() ? fmt::format("the watch on {} ended: {} {}", path, end->status, end->body)
                      : end.error().message;
  changed_.notify_all();
}

void Observer::see_job(const std::string& line, TimePoint now) {
  value event = value::parse(line);
  std::string name = event.at("object").at("metadata").at("name").as_string();
  std::lock_guard lock(mutex_);
  Seen& seen = jobs_seen_[name];
  if (seen.added == TimePoint{}) seen.added = now;
  seen.gone = text_at(event, "type") == "DELETED";
  changed_.notify_all();
}

void Observer::see_pod(const std::string& line, TimePoint now) {
  value event = value::parse(line);
  const value& pod = event.at("object");
  if (!is_ready(pod)) return;
  std::lock_guard lock(mutex_);
  TimePoint& ready = ready_[owner(pod)];
  if (ready == TimePoint{}) ready = now;
}

void Observer::wait_for(const std::string& what, const std::function<bool()>& happened) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kPatience, [&] { return happened() || !trouble_.empty(); });
  if (happened()) return;
  throw std::runtime_error(fmt::format("{}: not within {} min{}{}", what,
                                       std::chrono::minutes(kPatience).count(),
                                       trouble_.empty() ? "" : "; ", trouble_));
}

TimePoint Observer::job_added(const std::string& job) {
  wait_for("Job " + job + " created", [&] { return jobs_seen_.count(job) > 0; });
  std::lock_guard lock(mutex_);
  return jobs_seen_.at(job).added;
}

void Observer::wait_until_gone(const std::string& job) {
  wait_for("Job " + job + " gone",
           [&] { return jobs_seen_.count(job) > 0 && jobs_seen_.at(job).gone; });
}

int Observer::highest(const std::string& prefix) {
  std::lock_guard lock(mutex_);
  int number = 0;
  while (jobs_seen_.count(job_name(prefix, number + 1)) > 0) ++number;
  return number;
}

Samples Observer::transitions(const std::string& prefix, const std::vector<Turn>& turns) {
  std::lock_guard lock(mutex_);
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
