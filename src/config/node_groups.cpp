#include <chrono>

#include "config/job.h"
#include "config/sections.h"

namespace jobscaler::config {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kMaxWindow = 1'000;
const Integer kWindow{1, kMaxWindow};
const Integer kGroupWorkers{1, kMaxWorkers};
const Integer kTolerationSeconds{0, 1'000'000'000};
const Span kNodeTimeout{1s, kMaxSpan};
const Text kTaintKey{"a taint's key, such as spot or example.com/spot", is_label_key};
const Text kTaintValue{"a taint's value (at most 63 letters, digits, '-', '_' and '.')",
                       is_label_value};
const Choice<std::string, 2> kOperator{{{{"Exists", "Exists"}, {"Equal", "Equal"}}}};
const Choice<std::string, 3> kEffect{{{{"NoSchedule", "NoSchedule"},
                                       {"PreferNoSchedule", "PreferNoSchedule"},
                                       {"NoExecute", "NoExecute"}}}};

/// As the API server would, but before anything is started.
void check_toleration(const Value& value) {
  const Mapping toleration(value, kTolerationKeys);
  std::string key;
  std::string operation = "Equal";
  std::string text;
  std::string effect;
  std::int64_t seconds = 0;
  toleration.optional("key", kTaintKey, key);
  toleration.optional("operator", kOperator, operation);
  toleration.optional("value", kTaintValue, text);
  toleration.optional("effect", kEffect, effect);
  toleration.optional("tolerationSeconds", kTolerationSeconds, seconds);
  if (!value.report().clean(value.path())) return;
  if (key.empty() && operation != "Exists") {
    value.error("a toleration without key needs operator: Exists");
  } else if (!text.empty() && operation == "Exists") {
    value.error("operator: Exists takes no value");
  } else if (toleration.find("tolerationSeconds") && effect != "NoExecute") {
    value.error("tolerationSeconds needs effect: NoExecute");
  }
}

/// To a JSON array.
struct Tolerations {
  std::string allowed() const { return "a list of tolerations, as a pod's spec takes them"; }

  std::optional<std::string> read(const Value& value) const {
    for (const Value& item : value.items(allowed())) check_toleration(item);
    return to_json(value);
  }
};

NodeGroupConfig read_node_group(const Value& value) {
  const Mapping mapping(value, kNodeGroupKeys);
  NodeGroupConfig group;
  mapping.required("name", Name(), group.spec.name);
  mapping.optional("window", kWindow, group.spec.window);
  mapping.optional("maxWorkers", kGroupWorkers, group.spec.max_workers);
  mapping.optional("nodeSelector", Labels(), group.node_selector);
  mapping.optional("tolerations", Tolerations(), group.tolerations_json);
  mapping.optional("nodeTimeout", kNodeTimeout, group.spec.node_timeout);
  return group;
}

}  // namespace

std::vector<NodeGroupConfig> read_node_groups(const Value& value) {
  std::vector<NodeGroupConfig> groups;
  for (const Value& item : value.items("a list of node groups")) {
    groups.push_back(read_node_group(item));
  }
  return groups;
}

}  // namespace jobscaler::config
