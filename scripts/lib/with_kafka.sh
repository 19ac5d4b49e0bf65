#!/bin/bash
# with_kafka.sh COMMAND ARG... - runs the command beside a private Kafka of its own.
# The command finds KAFKA_BROKER in its environment, and in KAFKA_DIR the directory to give to private_kafka.sh.
# Exit status: the command's; 77 (skipped) when there is no Kafka to start.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
scripts=$REPO/scripts

KAFKA_DIR=$(mktemp -d "${TMPDIR:-/tmp}/jobscaler-kafka-XXXXXX")
export KAFKA_DIR
clean_up() {
  status=$?
  [ "$BASHPID" = $$ ] || exit "$status" # a child, ended before it became another program: bash runs this in it, too
  trap - EXIT
  end_children # the command, which must not run on without its broker
  "$scripts/private_kafka.sh" stop "$KAFKA_DIR" || true
  rm -rf "$KAFKA_DIR"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

"$scripts/private_kafka.sh" start "$KAFKA_DIR"
set -a
# shellcheck disable=SC1091
. "$KAFKA_DIR/env"
set +a
setsid "$@" &
wait "$!"
