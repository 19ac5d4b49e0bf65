#!/bin/bash
# logs.sh [--namespace NAMESPACE] [--name NAME] scaler|workers - follows the daemon's log, through restarts of its pod, or those
# of the workers: those that run, and those that come later. Until it is interrupted.
# shellcheck source=lib/cluster.sh
. "$(dirname "$0")/lib/cluster.sh"

end_followers() {
  trap - EXIT
  # shellcheck disable=SC2046
  kill $(jobs -p) 2>/dev/null || true
}

# started_containers SELECTOR: "POD CONTAINER-ID" of those that have a log; restarted ones have another id
started_containers() {
  k get pods -l "$1" -o 'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].containerID}{"\n"}{end}' |
    grep -E ' .' || true
}

# follow SELECTOR KUBECTL-OPTION...: each of them once, as they come
follow() {
  local selector=$1 seen=' ' pod id
  shift
  while :; do
    while read -r pod id; do
      case $seen in *" $id "*) continue ;; esac
      seen+="$id "
      kubectl --namespace "$namespace" logs --follow "$@" "$pod" </dev/null & # itself, so that it can be ended
    done < <(started_containers "$selector")
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
  follow "$(worker_labels)" --prefix
fi
