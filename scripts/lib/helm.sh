#!/bin/bash
# helm.sh [get] - prints where helm is: on PATH, or where `get` has put it, which builds it with go from the Go module proxy
# (about 4 minutes, 200 MB, once) and keeps it in ${XDG_CACHE_HOME:-~/.cache}/jobscaler/helm.
# Exit status 77: it is not there, or cannot be had; the words say which.
set -euo pipefail

version=v3.14.4
directory=${XDG_CACHE_HOME:-$HOME/.cache}/jobscaler/helm/$version

skip() {
  echo "skipped: needs helm; $*" >&2
  exit 77
}

get() {
  command -v go >/dev/null || skip "there is no go to build it with"
  mkdir -p "$directory"
  exec 9>"$directory/lock"
  flock 9 # one at a time; whoever waited finds it
  [ ! -x "$directory/helm" ] || return 0
  # In a place of its own until it is whole. CGO would make it depend on this machine's libraries.
  (cd "$directory" && GOBIN=$directory/new GOFLAGS='' CGO_ENABLED=0 go install "helm.sh/helm/v3/cmd/helm@$version") >"$directory/log" 2>&1 9>&- ||
    skip "go cannot build it: $(tail -n 1 "$directory/log")"
  mv "$directory/new/helm" "$directory/helm"
}

if [ "${1:-}" = get ] && ! command -v helm >/dev/null; then get; fi
command -v helm || { [ -x "$directory/helm" ] && echo "$directory/helm"; } ||
  skip "scripts/test.sh --with-helm gets it where there is go"
