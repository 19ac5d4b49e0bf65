#!/bin/bash
# test.sh [--with-kafka] [CTEST-ARGUMENT...] - installs what is missing, builds, and runs every test that Debian's packages
# allow, a real RabbitMQ included; with KUBECONFIG set also those against that cluster. Those against a real Kafka run where
# java and Kafka's jars are: --with-kafka gets them, from Debian's packages and, if it can be reached, Maven Central (100 MB).
# Says at the end what was skipped and why.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
end_children_on_exit

packages=("${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}")
with_kafka=''
if [ "${1:-}" = --with-kafka ]; then
  with_kafka=1
  packages+=("${KAFKA_PACKAGES[@]}")
  shift
fi
need_packages "${packages[@]}"
if [ -n "$with_kafka" ]; then
  say "getting Apache Kafka"
  # Without it the tests say what they lack.
  in_background "$REPO/scripts/private_kafka.sh" jars || true
fi
build=$(build_directory test)
say "building everything"
in_background "$REPO/scripts/lib/build.sh" "$build" -DJOBSCALER_TESTS=ON -- all
say "testing${KUBECONFIG:+, the cluster of KUBECONFIG=$KUBECONFIG included}"
run_tests "$build" "$@"
