#!/bin/bash
# test.sh [--with-kafka] [--with-helm] [CTEST-ARGUMENT...] - installs what is missing, builds, and runs every test that
# Debian's packages allow, a real RabbitMQ included; with KUBECONFIG set also those against that cluster. Those against a real
# Kafka run where java and Kafka's jars are: --with-kafka gets them, from Debian's packages and, if it can be reached, Maven
# Central (100 MB). Those on the chart run where helm is: --with-helm builds it where go is, from the Go module proxy.
# Says at the end what was skipped and why.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
end_children_on_exit

packages=("${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}")
with_kafka='' with_helm=''
while [ $# -gt 0 ]; do
  case $1 in
  --with-kafka)
    with_kafka=1
    packages+=("${KAFKA_PACKAGES[@]}")
    ;;
  --with-helm) with_helm=1 ;;
  *) break ;;
  esac
  shift
done
need_packages "${packages[@]}"
if [ -n "$with_kafka" ]; then
  say "getting Apache Kafka"
  # Without it the tests say what they lack.
  in_background "$REPO/scripts/private_kafka.sh" jars || true
fi
if [ -n "$with_helm" ]; then
  say "getting helm"
  in_background "$REPO/scripts/lib/helm.sh" get || true
fi
build=$(build_directory test)
say "building everything"
in_background "$REPO/scripts/lib/build.sh" "$build" -DJOBSCALER_TESTS=ON -- all
say "testing${KUBECONFIG:+, the cluster of KUBECONFIG=$KUBECONFIG included}"
run_tests "$build" "$@"
