# shellcheck shell=bash disable=SC2034
# cluster.sh - what the scripts share that talk to the cluster of the current kubectl context. Sourced, never run.
# They run wherever kubectl does: bash 3.2, and no program that only Debian has.
set -euo pipefail

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CHART=$REPO/helm/jobscaler

name=jobscaler namespace=jobscaler
step='' # what is being done, for who reads of its failure

say() { printf '%s\n' "$*"; }
die() {
  step=''
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}
bad_usage() {
  printf '%s: %s; see --help\n' "$(basename "$0")" "$*" >&2
  exit 2
}

# usage: the comment at the head of the script
usage() { sed -n '2,/^[^#]/{/^# shellcheck/d;/^#/s/^# \{0,1\}//p;}' "$0"; }

# parse_place ARGUMENT...: takes --name, --namespace and --help off the front; sets `taken` to how many arguments that were
parse_place() {
  taken=0
  case ${1:-} in
  --name | --namespace)
    [ $# -ge 2 ] || bad_usage "$1 needs a value"
    [[ $2 =~ ^[a-z0-9]([-a-z0-9]*[a-z0-9])?$ ]] || bad_usage "$1 $2: only a-z, 0-9 and - in between"
    [ ${#2} -le 40 ] || bad_usage "$1 $2: at most 40 characters"
    if [ "$1" = --name ]; then name=$2; else namespace=$2; fi
    taken=2
    ;;
  --help)
    usage
    exit 0
    ;;
  esac
}

need_kubectl() {
  command -v kubectl >/dev/null || die "needs kubectl"
  kubectl version --request-timeout=10s >/dev/null 2>&1 ||
    die "kubectl does not reach a cluster: $(kubectl version --request-timeout=10s 2>&1 | tail -n 1)"
}

# k ARGUMENT...: kubectl in the namespace
k() { kubectl --namespace "$namespace" "$@"; }

# exists KIND/NAME: ends the script if that cannot be told
exists() {
  local found
  found=$(k get "$1" --ignore-not-found -o name) || exit 1
  [ -n "$found" ]
}

# What install.sh applies carries these, and nothing else does.
our_labels() { echo "app.kubernetes.io/name=jobscaler,app.kubernetes.io/instance=$name"; }
worker_labels() { echo "app.kubernetes.io/managed-by=jobscaler,jobscaler.io/instance=$name"; }

# installed_with: helm, kubectl, or nothing; also an installation that did not get far
installed_with() {
  local release
  release=$(k get secrets -l "owner=helm,name=$name" -o name) || exit 1
  if [ -n "$release" ]; then
    echo helm
  elif exists "deployment/$name"; then
    echo kubectl
  fi
}
