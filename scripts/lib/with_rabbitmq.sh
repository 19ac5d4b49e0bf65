#!/bin/bash
# with_rabbitmq.sh COMMAND ARG... - runs the command beside a private RabbitMQ of its own.
# The command finds AMQP_PORT, MANAGEMENT_PORT and AMQP_URL in its environment, and in RABBITMQ_DIR the directory
# to give to private_rabbitmq.sh. Exit status: the command's; 77 (skipped) when there is no RabbitMQ to start.
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/common.sh"
scripts=$REPO/scripts

if [ ! -x /usr/lib/rabbitmq/bin/rabbitmq-server ]; then
  echo "skipped: needs Debian's package rabbitmq-server"
  exit 77
fi

RABBITMQ_DIR=$(mktemp -d "${TMPDIR:-/tmp}/jobscaler-rabbitmq-XXXXXX")
export RABBITMQ_DIR
clean_up() {
  status=$?
  [ "$BASHPID" = $$ ] || exit "$status" # a child, ended before it became another program: bash runs this in it, too
  trap - EXIT
  end_children # the command, which must not run on without its broker
  "$scripts/private_rabbitmq.sh" stop "$RABBITMQ_DIR" || true
  rm -rf "$RABBITMQ_DIR"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

"$scripts/private_rabbitmq.sh" start "$RABBITMQ_DIR"
set -a
# shellcheck disable=SC1091
. "$RABBITMQ_DIR/env"
set +a
setsid "$@" &
wait "$!"
