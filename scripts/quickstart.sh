#!/bin/bash
# quickstart.sh - jobscaler at work, on this machine alone: a private RabbitMQ with a backlog of 200 messages, the real
# daemon, kubesim in the place of a cluster, and the reference worker as real processes. Ends with a summary; exit
# status 0 only if all of it adds up. Nothing is left running, however it ends. Needs Debian 12; installs what is missing.
# With JOBSCALER_PATH=DIR[:DIR] set, it takes the programs from there and builds nothing.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

readonly MESSAGES=200 WORK=250ms PATIENCE=120

# Node by node: each takes one worker, and each but the first takes a while to come.
readonly GROUP=local:1:5:1:1.5

run='' daemon='' kubesim='' follower=''

# Whatever happens, in whatever step.
clean_up() {
  local status=$?
  [ "$BASHPID" = $$ ] || exit "$status" # a child, ended before it became another program: bash runs this in it, too
  trap - EXIT
  trap '' INT TERM HUP
  end_children
  if [ -n "$run" ]; then
    "$REPO/scripts/private_rabbitmq.sh" stop "$run/rabbitmq" || true
  fi
  case $status in
  0) rm -rf "$run" ;;
  129 | 130 | 143)
    rm -rf "$run"
    say "interrupted; nothing is left running"
    ;;
  *) [ -z "$run" ] || printf 'quickstart.sh: the logs are in %s\n' "$run" >&2 ;;
  esac
  exit "$status"
}

start_broker() {
  in_background "$REPO/scripts/private_rabbitmq.sh" start --stats-interval 500 "$run/rabbitmq" 2>"$run/rabbitmq.log" ||
    die "RabbitMQ does not start: $(tail -n 3 "$run/rabbitmq.log")"
  # shellcheck disable=SC1091
  . "$run/rabbitmq/env"
  export AMQP_URL RABBITMQ_PASSWORD=guest
}

# config/quickstart.yaml with the ports that were free in the place of its two.
write_config() {
  sed -e "s|port: 5672\$|port: $AMQP_PORT|" -e "s|127.0.0.1:15672\$|127.0.0.1:$MANAGEMENT_PORT|" \
    "$REPO/config/quickstart.yaml" >"$run/quickstart.yaml"
}

# setting NAME: the first value that the configuration has for it
setting() { sed -nE "s/(.*[ {,])?$1: ([a-z0-9]+).*/\2/p" "$run/quickstart.yaml" | head -n 1; }

start_kubesim() {
  JOBSCALER_REPORT=$run/processed setsid python3 "$REPO/tests/kubesim/kubesim" --group "$GROUP" \
    --processes local --logs "$run/workers" --kubeconfig "$run/kubeconfig" --ready-file "$run/kubesim.ready" \
    >"$run/kubesim.log" 2>&1 </dev/null &
  kubesim=$!
  until [ -e "$run/kubesim.ready" ]; do
    kill -0 "$kubesim" 2>/dev/null || die "kubesim does not start: $(tail -n 3 "$run/kubesim.log")"
    sleep 0.05
  done
}

start_daemon() {
  : >"$run/jobscaler.log" # for tail, which may be faster than the daemon
  KUBECONFIG=$run/kubeconfig setsid jobscaler run --config "$run/quickstart.yaml" >"$run/jobscaler.log" 2>&1 </dev/null &
  daemon=$!
  setsid tail -n +1 -s 0.2 -f --pid="$daemon" "$run/jobscaler.log" </dev/null &
  follower=$!
}

# The backlog, from its first message until the last worker has left; the summary.
run_backlog() {
  local backlog ended good=1
  setsid python3 "$REPO/scripts/lib/quickstart_backlog.py" --kubesim "$(cat "$run/kubesim.ready")" \
    --report "$run/processed" --max "$(setting max)" --window "$(setting window)" --patience "$PATIENCE" -- \
    jobscaler-demo publish --queue "$(setting queue)" --count "$MESSAGES" --work "$WORK" </dev/null &
  backlog=$!
  wait -n -p ended "$backlog" "$daemon" || good=
  [ "$ended" = "$backlog" ] || die "jobscaler ended before it was told to"
  [ -n "$good" ] || die "it does not add up: see the lines marked wrong"
}

# A daemon that is told to stop says so and exits 0.
stop_daemon() {
  end_child "$daemon" || die "jobscaler failed with exit status $?"
  wait "$follower" || true
}

trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

need_packages "${BUILD_PACKAGES[@]}" rabbitmq-server python3
if [ -z "${JOBSCALER_PATH:-}" ]; then
  say "building jobscaler (minutes the first time, seconds later)"
  build=$(build_directory quickstart)
  in_background "$REPO/scripts/lib/build.sh" "$build" -DJOBSCALER_TESTS=OFF -- jobscaler jobscaler-demo
  JOBSCALER_PATH=$build/src:$build/src/demo
fi
PATH=$JOBSCALER_PATH:$PATH

run=$(mktemp -d "${TMPDIR:-/tmp}/jobscaler-quickstart-XXXXXX")
say "starting a private RabbitMQ"
start_broker
write_config
jobscaler-demo publish --queue "$(setting queue)" --count 0
say "starting kubesim with nodes that come one by one (--group $GROUP)"
start_kubesim
say "starting jobscaler, and publishing $MESSAGES messages of $WORK of work each"
start_daemon
run_backlog
stop_daemon
end_child "$kubesim" || true
say "it all adds up"
