#include <catch2/catch.hpp>
#include <string>

#include "documents.h"

namespace jobscaler {
namespace {

TEST_CASE("node groups take label selectors and tolerations as a pod does") {
  check({
      {Document{
           .groups =
               "nodeGroups: [{name: a, nodeSelector: {pool: 1, \"a b\": x, ok: \"no good\"}}]\n"}
           .text(),
       {"f:3:45: error: nodeGroups[0].nodeSelector.pool: must be a label value (at most 63 "
        "letters, digits, '-', '_' and '.'), found what YAML takes for a number; quote it",
        R"(f:3:55: error: nodeGroups[0].nodeSelector["a b"]: the key must be a label key, such as pool or example.com/pool)",
        "f:3:62: error: nodeGroups[0].nodeSelector.ok: must be a label value (at most 63 letters, "
        "digits, '-', '_' and '.'), found a string that is not one"}},
      {Document{.groups = "nodeGroups: [{name: a, tolerations: [{}]}]\n"}.text(),
       {"f:3:38: error: nodeGroups[0].tolerations[0]: a toleration without key needs operator: "
        "Exists"}},
      {Document{.groups = "nodeGroups: [{name: a, tolerations: [{key: k, operator: Exist}]}]\n"}
           .text(),
       {"f:3:57: error: nodeGroups[0].tolerations[0].operator: must be Exists or Equal, found "
        "Exist; did you mean Exists?"}},
      {Document{.groups = "nodeGroups: [{name: a, tolerations: [{operator: Exists, value: v}]}]\n"}
           .text(),
       {"f:3:38: error: nodeGroups[0].tolerations[0]: operator: Exists takes no value"}},
      {Document{.groups =
                    "nodeGroups: [{name: a, tolerations: [{key: k, tolerationSeconds: 5}]}]\n"}
           .text(),
       {"f:3:38: error: nodeGroups[0].tolerations[0]: tolerationSeconds needs effect: NoExecute"}},
      {Document{.groups = "nodeGroups: [{name: a, tolerations: [{key: k, effect: NoSchedul, "
                          "tolerationSeconds: -1, valu: x}]}]\n"}
           .text(),
       {"f:3:55: error: nodeGroups[0].tolerations[0].effect: must be NoSchedule, PreferNoSchedule "
        "or NoExecute, found NoSchedul; did you mean NoSchedule?",
        "f:3:85: error: nodeGroups[0].tolerations[0].tolerationSeconds: must be a whole number "
        "from 0 to 1000000000, found -1",
        "f:3:89: error: nodeGroups[0].tolerations[0].valu: unknown key; did you mean value? "
        "Allowed here: key, operator, value, effect, tolerationSeconds"}},
  });
}

}  // namespace
}  // namespace jobscaler
