#!/bin/bash
# build.sh DIRECTORY [CMAKE-OPTION...] -- [TARGET...] - configures, and builds the targets; one at a time per directory.
# What the tools print is in DIRECTORY/build.log, and shown if they fail.
set -euo pipefail
repo=$(cd "$(dirname "$0")/../.." && pwd)
directory=$1 options=()
shift
while [ "$1" != -- ]; do
  options+=("$1")
  shift
done
shift

mkdir -p "$directory"
exec 9>"$directory/lock"
flock 9
log=$directory/build.log
# Compilations of one clone of the repository count for another.
export CCACHE_BASEDIR=$repo CCACHE_NOHASHDIR=1

configure_and_build() {
  cmake -S "$repo" -B "$directory" -G Ninja ${options[@]+"${options[@]}"} || return
  [ $# = 0 ] || ninja -C "$directory" "$@"
}

if ! configure_and_build "$@" >"$log" 2>&1 9>&-; then
  tail -n 60 "$log" >&2
  echo "the build failed; all that was said is in $log" >&2
  exit 1
fi
