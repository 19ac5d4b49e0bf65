# shellcheck shell=bash disable=SC2034
# common.sh - what the scripts share: words, packages, children, build directories. Sourced, never run.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
STARTED_AT=$SECONDS

# What the program is built with and from; Dockerfile reads the same list.
mapfile -t BUILD_PACKAGES <"$REPO/scripts/lib/build_packages.txt"

# What its tests are built and run with.
TEST_PACKAGES=(catch2 ccache rabbitmq-server python3 python3-jsonschema python3-yaml openssl procps)

# What a private Kafka runs with; its jars come from Maven Central.
KAFKA_PACKAGES=(maven openjdk-17-jre-headless)

# "[ 12 s] text"
say() { printf '[%3d s] %s\n' $((SECONDS - STARTED_AT)) "$*"; }
die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# Children. Each is the leader of a process group of its own, so that all it starts can be ended with it; and this
# shell waits for it in a way that lets a signal be acted on at once.

in_background() { # in_background COMMAND...: to its end
  setsid "$@" </dev/null &
  wait "$!"
}

signal_child() { # signal_child SIGNAL PID: and its group, unless it has not got to making one
  kill "-$1" -- "-$2" 2>/dev/null || kill "-$1" "$2" 2>/dev/null || true
}

# end_child PID: SIGTERM, and SIGKILL to what is left of its group after 10 s. Its exit status.
end_child() {
  local _
  signal_child TERM "$1"
  for _ in $(seq 100); do
    kill -0 "$1" 2>/dev/null || break
    sleep 0.1
  done
  if [ "$1" = "${INSTALLING:-}" ]; then
    ! kill -0 "$1" 2>/dev/null || say "finishing the installation of packages, as half-installed ones would need repair"
  else
    kill -KILL -- "-$1" 2>/dev/null || true
  fi
  wait "$1"
}

# The youngest first, as it may depend on the others. Not by a child that was ended before it became another program:
# bash runs the trap for EXIT in it, too.
end_children() {
  local pid
  [ "$BASHPID" = $$ ] || return 0
  for pid in $(jobs -p | tac); do end_child "$pid" || true; done
}

# end_children_on_exit: for scripts that have nothing else to clean up.
end_children_on_exit() {
  trap end_children EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Packages

missing_packages() {
  local package
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

# need_packages PACKAGE...: installs those that are missing, or says how to. Starts no service.
need_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    die "packages are missing, and only root may install them: apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  setsid "$REPO/scripts/lib/install_packages.sh" "${missing[@]}" </dev/null &
  INSTALLING=$!
  wait "$INSTALLING"
  INSTALLING=
}

# build_directory NAME: where to build; in the repository, if that can be written.
build_directory() {
  if [ -w "$REPO" ]; then
    echo "$REPO/build/$1"
  else
    echo "${XDG_CACHE_HOME:-$HOME/.cache}/jobscaler/$(cksum <<<"$REPO" | cut -d ' ' -f 1)/$1"
  fi
}

TEST_WRAPPER=() # a command that runs ctest
# run_tests DIRECTORY CTEST-ARGUMENT...: ends with ctest's summary and the tests that were skipped
run_tests() {
  local directory=$1 results=0
  shift
  in_background "${TEST_WRAPPER[@]}" ctest --test-dir "$directory" -j 2 --output-on-failure \
    --output-junit "$directory/tests.xml" "$@" || results=$?
  python3 "$REPO/scripts/lib/skipped_tests.py" "$directory/tests.xml"
  return "$results"
}
