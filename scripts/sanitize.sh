#!/bin/bash
# sanitize.sh address|thread [CTEST-ARGUMENT...] - every test that needs no cluster, built with AddressSanitizer and
# UndefinedBehaviorSanitizer, or with ThreadSanitizer. tests/sanitizers says what is suppressed, and why.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

case ${1:-} in
address) sanitizers=address,undefined ;;
thread) sanitizers=thread ;;
*) die "which one? address or thread" ;;
esac
build=$(build_directory "$1")
shift
end_children_on_exit

unset KUBECONFIG
export ASAN_OPTIONS=detect_stack_use_after_return=1
export LSAN_OPTIONS=suppressions=$REPO/tests/sanitizers/leaks.txt:print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# Debian's libcpprest is not instrumented: what TSan sees of its synchronisation is not all there is.
export TSAN_OPTIONS=ignore_noninstrumented_modules=1:halt_on_error=1

need_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
say "building everything with -fsanitize=$sanitizers"
in_background "$REPO/scripts/lib/build.sh" "$build" -DJOBSCALER_TESTS=ON -DJOBSCALER_SANITIZE="$sanitizers" -- all
# ThreadSanitizer of GCC 12 finds no room for its shadow memory where newer kernels randomise addresses widely.
if [ "$sanitizers" = thread ] && setarch -R true 2>/dev/null; then TEST_WRAPPER=(setarch -R); fi
say "testing"
run_tests "$build" "$@"
