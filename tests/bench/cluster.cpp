#include "bench/cluster.h"

#include <cpprest/json.h>
#include <fmt/format.h>

#include <stdexcept>
#include <thread>

#include "kube/names.h"

namespace jobscaler::bench {
namespace {

using web::json::value;

constexpr auto kTimeout = std::chrono::seconds(10);
constexpr auto kPatience = std::chrono::minutes(2);
constexpr auto kLookEvery = std::chrono::milliseconds(50);

kube::Access access_from(const std::string& kubeconfig) {
  KubernetesConfig config;
  config.kubeconfig = kubeconfig;
  auto access = kube::Credentials(config).current(BootClock::now());
  if (!access.ok()) throw std::runtime_error(access.error().message);
  return *access;
}

}  // namespace

std::string instance_query(const std::string& instance) {
  return "labelSelector=" +
         http::encode_uri_component(fmt::format("{}={}", kube::kInstanceLabel, instance));
}

Cluster::Cluster(Kind kind, std::string kubeconfig, std::string node_group)
    : kind_(kind),
      kubeconfig_(std::move(kubeconfig)),
      node_group_(std::move(node_group)),
      access_(access_from(kubeconfig_)) {}

http::Client Cluster::client() const {
  return http::Client(access_.server, access_.tls, kTimeout);
}

std::vector<std::pair<std::string, std::string>> Cluster::headers() const {
  if (access_.token.empty()) return {};
  return {{"Authorization", "Bearer " + access_.token}};
}

http::Response Cluster::send(const std::string& method, const std::string& path,
                             const std::string& body) const {
  std::string what = method + " " + path;
  auto answer = client().send({.method = method, .path = path, .body = body, .headers = headers()});
  if (!answer.ok()) throw std::runtime_error(what + ": " + answer.error().message);
  if (answer->status >= 400 && answer->status != 404) {
    throw std::runtime_error(fmt::format("{}: {} {}", what, answer->status, answer->body));
  }
  return *answer;
}

std::string Cluster::get(const std::string& path) const {
  return send("GET", path).body;
}

void Cluster::delete_job(const std::string& job) const {
  send("DELETE", kube::jobs_path(name_space(), job), R"({"propagationPolicy":"Background"})");
}

std::vector<std::string> Cluster::names(const std::string& collection,
                                        const std::string& instance) const {
  value list = value::parse(get(collection + "?" + instance_query(instance)));
  std::vector<std::string> names;
  for (const value& item : list.at("items").as_array()) {
    names.push_back(item.at("metadata").at("name").as_string());
  }
  return names;
}

void Cluster::delete_jobs(const std::string& instance) const {
  for (const std::string& job : names(kube::jobs_path(name_space()), instance)) delete_job(job);
  for (TimePoint deadline = BootClock::now() + kPatience; BootClock::now() < deadline;) {
    if (names(kube::pods_path(name_space()), instance).empty()) return;
    std::this_thread::sleep_for(kLookEvery);
  }
  throw std::runtime_error("the pods of instance " + instance + " do not go away");
}

void Cluster::forget(const std::string& instance) const {
  delete_jobs(instance);
  send("DELETE", kube::leases_path(name_space(), kube::lease_name(instance)), "{}");
}

}  // namespace jobscaler::bench
