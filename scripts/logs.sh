#!/bin/bash
# logs.sh [--namespace NAMESPACE] [--name NAME] scaler|workers - follows the daemon's log, through restarts of its pod, or those
# of the workers: those that run, and those that come later. Until it is interrupted.
# shellcheck source=lib/cluster.sh
. "$(dirname "$0")/lib/cluster.sh"

# follow POD CONTAINER-OF-IT: in the background
followers=''
end_followers() {
  trap - EXIT
  # shellcheck disable=SC2086
  [ -z "$followers" ] || kill $followers 2>/dev/null || true
}

# started_pods SELECTOR: those that have a log
started_pods() {
  k get pods -l "$1" -o 'jsonpath={range .items[*]}{.metadata.name} {.status.phase}{"\n"}{end}' |
    sed -nE 's/^([^ ]+) (Running|Succeeded|Failed)$/\1/p'
}

# follow SELECTOR SINCE: every pod that has a log, each once
follow() {
  local seen=' ' pod
  while :; do
    for pod in $(started_pods "$1"); do
      case $seen in *" $pod "*) continue ;; esac
      seen+="$pod "
      k logs --follow --prefix "$pod" &
      followers+=" $!"
    done
    sleep 1
  done
}

what=''
while [ $# -gt 0 ]; do
  parse_place "$@"
  if [ "$taken" -gt 0 ]; then
    shift "$taken"
    continue
  fi
  case $1 in
  scaler | workers) what=$1 ;;
  *) bad_usage "$1: must be scaler or workers" ;;
  esac
  shift
done
[ -n "$what" ] || bad_usage "scaler or workers?"
need_kubectl
trap end_followers EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
if [ "$what" = scaler ]; then
  exists "deployment/$name" || die "there is no deployment/$name in namespace $namespace"
  follow "$(our_labels),app.kubernetes.io/component=daemon"
else
  follow "$(worker_labels)"
fi
