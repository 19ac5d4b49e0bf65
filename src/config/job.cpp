#include "config/job.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "config/plain.h"
#include "config/rules.h"

namespace jobscaler::config {
namespace {

// The longest backoff after failures (10 min) is computed from the Jobs that still exist.
constexpr std::int64_t kMinRetention = 600;
constexpr std::int64_t kMaxRetention = 2'147'483'647;

constexpr std::string_view kPrefix = "jobscaler.io/";
constexpr std::string_view kManagedBy = "app.kubernetes.io/managed-by";

bool is_plain(const Value& value, std::string_view text) {
  return value.node().kind == YamlNode::Kind::scalar && !value.node().quoted &&
         value.node().text == text;
}

std::optional<Value> require(const Value& parent, std::string_view key, std::string_view allowed) {
  auto found = parent.find(key);
  if (!found) {
    parent.report().error(parent.path() / key, fmt::format("missing; must be {}", allowed));
  }
  return found;
}

std::optional<Value> require_map(const Value& parent, std::string_view key) {
  auto found = require(parent, key, "a mapping");
  if (!found || found->node().kind == YamlNode::Kind::map) return found;
  found->expected("a mapping");
  return std::nullopt;
}

bool is_given(const std::optional<Value>& value) {
  return value && value->node().kind != YamlNode::Kind::null;
}

/// The values of a list that may be absent or empty.
std::vector<Value> each(const std::optional<Value>& list) {
  if (!is_given(list)) return {};
  if (list->node().kind != YamlNode::Kind::list) list->expected("a list");
  return list->node().items.empty() ? std::vector<Value>() : list->items("a list");
}

/// What kubectl's users trip over most: a number or a boolean where a string is wanted.
void want_string(const Value& value) {
  const YamlNode& node = value.node();
  const bool scalar = node.kind == YamlNode::Kind::scalar;
  if (scalar && (node.quoted || classify(node.text) == Plain::text)) return;
  value.error(
      fmt::format("must be a string, found {}{}", kind_of(node), scalar ? "; quote it" : ""));
}

void want_strings(const std::optional<Value>& map) {
  if (!is_given(map)) return;
  for (const auto& [key, value] : map->entries("a mapping of strings")) {
    if (is_given(value)) want_string(value);
  }
}

void check_variable(const Value& variable) {
  if (variable.node().kind != YamlNode::Kind::map) return variable.expected("a mapping");
  if (const auto value = variable.find("value"); is_given(value)) want_string(*value);
}

bool is_whole_manifest(const Value& job) {
  const std::array<std::string_view, 3> keys = {"apiVersion", "kind", "spec"};
  return std::any_of(keys.begin(), keys.end(),
                     [&](std::string_view key) { return job.node().find(key) != nullptr; });
}

void want_one(const Value& job, std::string_view key) {
  const auto value = job.find(key);
  if (!value || is_plain(*value, "1")) return;
  value->error(
      fmt::format("must be 1 or left out, found {}; each worker is a Job of its own with "
                  "one pod, and workers.max says how many there may be",
                  shown(value->node())));
}

void check_control(const Value& job) {
  want_one(job, "completions");
  want_one(job, "parallelism");
  if (const auto suspend = job.find("suspend"); suspend && !is_plain(*suspend, "false")) {
    suspend->error(
        "must be false or left out; a suspended Job would hold its node group's window and never "
        "become ready (to stop a scaler, set paused: true)");
  }
  if (const auto manual = job.find("manualSelector"); manual && !is_plain(*manual, "false")) {
    manual->error("must be false or left out; the selector is Kubernetes' to make");
  }
  if (const auto selector = job.find("selector")) {
    selector->error(
        "must be left out; Kubernetes makes one, and another could match other workers' pods");
  }
}

void check_retention(const Value& job) {
  const auto ttl = job.find("ttlSecondsAfterFinished");
  if (!ttl) return;
  const auto seconds = Integer{0, kMaxRetention}.read(*ttl);
  if (!seconds || *seconds >= kMinRetention) return;
  ttl->warning(fmt::format(
      "finished Jobs are the memory of what failed: removed after {} s, the backoff cannot be "
      "rebuilt after a restart of jobscaler; leave it out or use at least {}",
      *seconds, kMinRetention));
}

void check_labels(const Value& metadata, std::string_view key) {
  const auto map = metadata.find(key);
  want_strings(map);
  if (!map) return;
  for (const YamlNode::Entry& entry : map->node().entries) {
    if (!entry.key.starts_with(kPrefix) && entry.key != kManagedBy) continue;
    metadata.report().error_at(
        entry.mark, map->path() / entry.key,
        "must be left out; jobscaler sets it, and finds its workers by what it sets");
  }
}

void check_metadata(const Value& metadata) {
  if (metadata.node().kind != YamlNode::Kind::map) return metadata.expected("a mapping");
  check_labels(metadata, "labels");
  check_labels(metadata, "annotations");
}

void check_container(const Value& container) {
  if (container.node().kind != YamlNode::Kind::map)
    return container.expected("a container's mapping");
  if (const auto name = require(container, "name", "the container's name")) want_string(*name);
  if (const auto image = require(container, "image", "the container's image")) want_string(*image);
  for (const Value& word : each(container.find("command"))) want_string(word);
  for (const Value& word : each(container.find("args"))) want_string(word);
  for (const Value& variable : each(container.find("env"))) check_variable(variable);
}

void check_restart_policy(const Value& spec) {
  const auto policy = spec.find("restartPolicy");
  if (!policy) return;
  const std::string& text = policy->node().text;
  if (policy->node().kind == YamlNode::Kind::scalar && (text == "Never" || text == "OnFailure"))
    return;
  policy->error(fmt::format("must be Never or OnFailure, found {}; a Job's pod may have no other",
                            shown(policy->node())));
}

void check_pod(const Value& spec) {
  check_restart_policy(spec);
  want_strings(spec.find("nodeSelector"));
  const std::string_view allowed = "a list of at least one container";
  if (const auto containers = require(spec, "containers", allowed)) {
    for (const Value& container : containers->items(allowed)) check_container(container);
  }
  for (const Value& container : each(spec.find("initContainers"))) check_container(container);
}

}  // namespace

void check_job(const Value& job) {
  if (job.node().kind != YamlNode::Kind::map) return job.expected("the spec of a Job's manifest");
  if (is_whole_manifest(job)) {
    return job.error(
        "must be only what stands below spec in a Job's manifest; leave out apiVersion, kind, "
        "metadata and the word spec itself");
  }
  check_control(job);
  check_retention(job);
  const auto pod_template = require_map(job, "template");
  if (!pod_template) return;
  if (const auto metadata = pod_template->find("metadata"); is_given(metadata)) {
    check_metadata(*metadata);
  }
  if (const auto spec = require_map(*pod_template, "spec")) check_pod(*spec);
}

}  // namespace jobscaler::config
