#!/bin/bash
# test.sh [CTEST-ARGUMENT...] - installs what is missing, builds, and runs every test that Debian's packages allow, a real
# RabbitMQ included; with KUBECONFIG set also those against that cluster. Says at the end what was skipped and why.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"
end_children_on_exit

need_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
build=$(build_directory test)
say "building everything"
in_background "$REPO/scripts/lib/build.sh" "$build" -DJOBSCALER_TESTS=ON -- all
say "testing${KUBECONFIG:+, the cluster of KUBECONFIG=$KUBECONFIG included}"
run_tests "$build" "$@"
