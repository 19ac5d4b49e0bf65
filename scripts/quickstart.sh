#!/bin/bash
# quickstart.sh [--kafka] - jobscaler at work, on this machine alone: a private RabbitMQ with a backlog of 200 messages, the
# real daemon, kubesim in the place of a cluster, and the reference worker as real processes. Ends with a summary; exit
# status 0 only if all of it adds up. Nothing is left running, however it ends. Needs Debian 12; installs what is missing.
# --kafka: a private Apache Kafka instead, and 300 messages through the three stages of config/examples/kafka-pipeline.yaml.
# Kafka itself comes from Maven Central: 100 MB, once.
# With JOBSCALER_PATH=DIR[:DIR] set, it takes the programs from there and builds nothing.
# shellcheck source=lib/common.sh
. "$(dirname "$0")/lib/common.sh"

readonly PATIENCE=120

usage() { sed -n '2,/^# shellcheck/{/^# shellcheck/!s/^# \{0,1\}//p}' "$0"; }

broker=rabbitmq
case ${1:-} in
'') ;;
--kafka) broker=kafka ;;
--help)
  usage
  exit 0
  ;;
*)
  usage >&2
  exit 2
  ;;
esac
readonly broker

run='' daemon='' kubesim='' follower=''

# Whatever happens, in whatever step.
clean_up() {
  local status=$?
  [ "$BASHPID" = $$ ] || exit "$status" # a child, ended before it became another program: bash runs this in it, too
  trap - EXIT
  trap '' INT TERM HUP
  end_children
  if [ -n "$run" ]; then
    "$REPO/scripts/private_$broker.sh" stop "$run/$broker" || true
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

# RabbitMQ: one queue. What differs between the brokers are these two functions, and what they set.

prepare_rabbitmq() {
  packages=(rabbitmq-server)
  # Node by node: each takes one worker, and each but the first takes a while to come.
  group=local:1:5:1:1.5
  config=$REPO/config/quickstart.yaml
  publish=(--queue "$(setting queue)" --work 250ms)
  messages=200 stages=()
  what="$messages messages of 250ms of work each"
}

start_rabbitmq() {
  in_background "$REPO/scripts/private_rabbitmq.sh" start --stats-interval 500 "$run/rabbitmq" 2>"$run/rabbitmq.log" ||
    die "RabbitMQ does not start: $(tail -n 3 "$run/rabbitmq.log")"
  # shellcheck disable=SC1091
  . "$run/rabbitmq/env"
  export AMQP_URL RABBITMQ_PASSWORD=guest
  # The ports that were free in the place of the configuration's two.
  sed -e "s|port: 5672\$|port: $AMQP_PORT|" -e "s|127.0.0.1:15672\$|127.0.0.1:$MANAGEMENT_PORT|" "$config" >"$run/jobscaler.yaml"
  jobscaler-demo publish "${publish[@]}" --count 0
}

# Kafka: a pipeline of topics.

prepare_kafka() {
  packages=("${KAFKA_PACKAGES[@]}")
  # A node takes a stage's worth of a few workers, so that several start together.
  group=local:2:5:3:1.5
  config=$REPO/config/examples/kafka-pipeline.yaml
  mapfile -t topics < <(sed -nE 's/ *topics: \[([a-z]+)\].*/\1/p' "$config")
  mapfile -t stages < <(sed -nE '/^scalers:/,$s/^  - name: ([a-z]+)$/\1/p' "$config")
  publish=(--topic "${topics[0]}" --partitions "$(setting max)")
  messages=300
  what="$messages messages"
}

start_kafka() {
  local status=0
  in_background "$REPO/scripts/private_kafka.sh" start "$run/kafka" 2>"$run/kafka.log" || status=$?
  [ "$status" = 0 ] || die "Kafka does not start: $(tail -n 3 "$run/kafka.log")"
  # shellcheck disable=SC1091
  . "$run/kafka/env"
  # shellcheck disable=SC2153
  export KAFKA_BROKERS=$KAFKA_BROKER
  sed -e "s|kafka:9092|$KAFKA_BROKER|" "$config" >"$run/jobscaler.yaml"
  local topic
  for topic in "${topics[@]}"; do
    jobscaler-demo publish --topic "$topic" --partitions "$(setting max)" --count 0
  done
}

# setting NAME: the first value that the configuration has for it
setting() { sed -nE "s/(.*[ {,])?$1: ([a-z0-9]+).*/\2/p" "$config" | head -n 1; }

start_kubesim() {
  JOBSCALER_REPORT=$run/processed setsid python3 "$REPO/tests/kubesim/kubesim" --group "$group" \
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
  KUBECONFIG=$run/kubeconfig setsid jobscaler run --config "$run/jobscaler.yaml" >"$run/jobscaler.log" 2>&1 </dev/null &
  daemon=$!
  setsid tail -n +1 -s 0.2 -f --pid="$daemon" "$run/jobscaler.log" </dev/null &
  follower=$!
}

# The backlog, from its first message until the last worker has left; the summary.
run_backlog() {
  local backlog ended good=1
  setsid python3 "$REPO/scripts/lib/quickstart_backlog.py" --kubesim "$(cat "$run/kubesim.ready")" \
    --report "$run/processed" --max "$(setting max)" --window "$(setting window)" --patience "$PATIENCE" \
    ${stages[@]+"${stages[@]/#/--stage=}"} -- jobscaler-demo publish "${publish[@]}" --count "$messages" </dev/null &
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

"prepare_$broker"
need_packages "${BUILD_PACKAGES[@]}" "${packages[@]}" python3
if [ "$broker" = kafka ]; then
  say "getting Apache Kafka from Maven Central, unless it is there"
  in_background "$REPO/scripts/private_kafka.sh" jars || die "there is no Kafka to run with"
fi
if [ -z "${JOBSCALER_PATH:-}" ]; then
  say "building jobscaler (minutes the first time, seconds later)"
  build=$(build_directory quickstart)
  in_background "$REPO/scripts/lib/build.sh" "$build" -DJOBSCALER_TESTS=OFF -- jobscaler jobscaler-demo
  JOBSCALER_PATH=$build/src:$build/src/demo
fi
PATH=$JOBSCALER_PATH:$PATH

run=$(mktemp -d "${TMPDIR:-/tmp}/jobscaler-quickstart-XXXXXX")
case $broker in
rabbitmq) say "starting a private RabbitMQ" ;;
kafka) say "starting a private Kafka" ;;
esac
"start_$broker"
say "starting kubesim with nodes that come one by one (--group $group)"
start_kubesim
say "starting jobscaler, and publishing $what"
start_daemon
run_backlog
stop_daemon
end_child "$kubesim" || true
say "it all adds up"
