#!/bin/bash
# publish_messages.sh [--namespace NAMESPACE] [--name NAME] [N] - publishes N messages, 200 if not given, of 250 ms of work each,
# to the queue of the demo that scripts/install.sh --demo installed. From inside the cluster: in the daemon's pod.
# shellcheck source=lib/cluster.sh
. "$(dirname "$0")/lib/cluster.sh"

count=200
while [ $# -gt 0 ]; do
  parse_place "$@"
  if [ "$taken" -gt 0 ]; then
    shift "$taken"
    continue
  fi
  [[ $1 =~ ^[0-9]+$ ]] || bad_usage "$1: must be a number of messages"
  count=$1
  shift
done
need_kubectl
exists "deployment/$name" || die "there is no deployment/$name in namespace $namespace; scripts/install.sh --demo installs one"
exists "deployment/$name-rabbitmq" || die "deployment/$name was installed without the demo; see scripts/install.sh --help"
k exec "deployment/$name" -- jobscaler-demo publish --queue demo --count "$count" --work 250ms
