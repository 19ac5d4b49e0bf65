#!/bin/bash
# bench.sh - measures what is promised in numbers and prints the table; exit status 1 if a row is over its target, 2 if it
# could not be measured. Installs what is missing, builds, and starts a private RabbitMQ and kubesim, and a private Kafka where
# one can be had. With KUBECONFIG set it also measures against that cluster, in the context's namespace, on nodes with the label
# jobscaler.test/group=$NODE_GROUP (default: bench), whose pods live by the annotations of tests/kubesim/README.md and which
# have room for 260 of them.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
end_children_on_exit

readonly NODES=bench:1:1:100000:0 # one that takes every pod

need_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
build=$(build_directory test)
say "building"
in_background "$REPO/scripts/lib/build.sh" "$build" -DJOBSCALER_TESTS=ON -- jobscaler_bench

cluster=()
if [ -n "${KUBECONFIG:-}" ]; then cluster=("$KUBECONFIG" "${NODE_GROUP:-bench}"); fi

kafka=()
if "$REPO/scripts/private_kafka.sh" jars; then kafka=("$REPO/scripts/lib/with_kafka.sh"); fi

say "measuring${cluster:+, the cluster of KUBECONFIG=$KUBECONFIG included}"
in_background "$REPO/scripts/lib/with_rabbitmq.sh" "${kafka[@]}" \
  "$REPO/tests/kubesim/with_kubesim" --group "$NODES" -- \
  "$build/tests/bench/jobscaler_bench" "$build/src/jobscaler" "$build/tests/bench/jobscaler_bench_floor" "${cluster[@]}"
