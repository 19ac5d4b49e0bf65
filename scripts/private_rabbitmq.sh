#!/usr/bin/env bash
# A private RabbitMQ broker with the management plugin, from the distribution's rabbitmq-server
# package, in a directory of its own. Runs as any user, on loopback, on ports that are free; touches
# no system service and installs nothing.
#
#   private_rabbitmq.sh start [--tls] [--verify-clients] [--stats-interval MS] DIR
#   private_rabbitmq.sh stop DIR          # ends broker and epmd; leaves the directory and its log
#   private_rabbitmq.sh restart DIR       # graceful stop, then start on the same ports and data
#   private_rabbitmq.sh kill9 DIR         # SIGKILL; `restart` brings it back
#   private_rabbitmq.sh freeze DIR        # SIGSTOP
#   private_rabbitmq.sh thaw DIR          # SIGCONT
#
# start returns when broker and management API answer, and has then written DIR/env:
#   AMQP_HOST AMQP_PORT AMQP_URL MANAGEMENT_PORT MANAGEMENT_URL BROKER_PID, and with --tls
#   AMQPS_PORT TLS_CA TLS_CERT TLS_KEY (a client certificate of the same CA).
# --verify-clients makes the TLS listener require a client certificate.
# DIR is created; one that exists must be empty, or from an earlier start (whose broker is ended).
set -euo pipefail
# shellcheck source=lib/private_server.sh
. "$(dirname "$0")/lib/private_server.sh"

server=/usr/lib/rabbitmq/bin/rabbitmq-server
marker=.private-rabbitmq

say() { echo "private_rabbitmq.sh: $*" >&2; }
die() { say "$*"; exit 1; }

usage() { sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

# ---------------------------------------------------------------------------------------- processes

# True if PID is a live process of the broker (or epmd) in $dir: pids are reused, environments tell.
is_ours() {
  local pid=$1
  [[ $pid =~ ^[0-9]+$ ]] && grep -qzxF "PRIVATE_RABBITMQ_DIR=$dir" "/proc/$pid/environ" 2>/dev/null
}

# The pids of every process started for $dir: beam.smp, its helpers, epmd.
our_pids() {
  local environ pid
  for environ in /proc/[0-9]*/environ; do
    pid=${environ#/proc/}; pid=${pid%/environ}
    [[ $pid == "$$" || $pid == "$BASHPID" ]] && continue
    if is_ours "$pid"; then echo "$pid"; fi
  done
}

end_pids() {
  local signal=$1 pid; shift
  for pid in "$@"; do
    if is_ours "$pid"; then kill "-$signal" "$pid" 2>/dev/null || true; fi
  done
}

wait_gone() {  # SECONDS PID...
  local tries=$(( $1 * 20 )) pid alive; shift
  while (( tries-- > 0 )); do
    alive=
    for pid in "$@"; do if is_ours "$pid"; then alive=1; fi; done
    [[ -z $alive ]] && return 0
    sleep 0.05
  done
  return 1
}

broker_pid() { cat "$dir/pid" 2>/dev/null || true; }

end_everything() {
  local pids
  mapfile -t pids < <(our_pids)
  while (( ${#pids[@]} > 0 )); do
    end_pids CONT "${pids[@]}"
    end_pids KILL "${pids[@]}"
    wait_gone 5 "${pids[@]}" || die "processes ${pids[*]} do not end"
    mapfile -t pids < <(our_pids)  # one that was listed may have started another meanwhile
  done
}

# ------------------------------------------------------------------------------------------- set-up

write_settings() {
  echo '[rabbitmq_management].' > "$dir/enabled_plugins"
  cat > "$dir/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$amqp_port
management.tcp.ip = 127.0.0.1
management.tcp.port = $management_port
loopback_users = none
log.file.level = warning
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 50MB
collect_statistics_interval = $stats_interval
CONF
  if [[ -n $tls_port ]]; then
    cat >> "$dir/rabbitmq.conf" <<CONF
listeners.ssl.1 = 127.0.0.1:$tls_port
ssl_options.cacertfile = $dir/tls/server_ca.pem
ssl_options.certfile = $dir/tls/server.pem
ssl_options.keyfile = $dir/tls/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = $verify_clients
CONF
  fi
}

write_env() {
  {
    echo "AMQP_HOST=127.0.0.1"
    echo "AMQP_PORT=$amqp_port"
    echo "AMQP_URL=amqp://guest:guest@127.0.0.1:$amqp_port/%2F"
    echo "MANAGEMENT_PORT=$management_port"
    echo "MANAGEMENT_URL=http://127.0.0.1:$management_port"
    echo "BROKER_PID=$(broker_pid)"
    if [[ -n $tls_port ]]; then
      echo "AMQPS_PORT=$tls_port"
      printf 'TLS_CA=%q\nTLS_CERT=%q\nTLS_KEY=%q\n' \
        "$dir/tls/ca.pem" "$dir/tls/client.pem" "$dir/tls/client.key"
    fi
  } > "$dir/env.new"
  mv "$dir/env.new" "$dir/env"
}

write_marker() {
  printf 'amqp_port=%s\nmanagement_port=%s\ndist_port=%s\nepmd_port=%s\ntls_port=%s\n' \
    "$amqp_port" "$management_port" "$dist_port" "$epmd_port" "$tls_port" > "$dir/$marker"
}

# -------------------------------------------------------------------------------------- start, stop

amqp_answers() {
  local reply
  exec 3<>"/dev/tcp/127.0.0.1/$amqp_port" || return 1
  printf 'AMQP\x00\x00\x09\x01' >&3
  reply=$(timeout 2 head -c 1 <&3 | wc -c)
  exec 3>&- 3<&-
  [[ $reply == 1 ]]
}

management_answers() {
  local status
  exec 3<>"/dev/tcp/127.0.0.1/$management_port" || return 1
  printf 'GET /api/overview HTTP/1.0\r\nAuthorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\n\r\n' >&3
  status=$(timeout 5 head -n 1 <&3)
  exec 3>&- 3<&-
  [[ $status == *" 200 "* ]]
}

launch() {
  rm -f "$dir/pid"
  env HOME="$dir/home" PRIVATE_RABBITMQ_DIR="$dir" \
    RABBITMQ_NODENAME="private$amqp_port@localhost" RABBITMQ_CONF_ENV_FILE=/dev/null \
    RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" RABBITMQ_ADVANCED_CONFIG_FILE="$dir/none.config" \
    RABBITMQ_ENABLED_PLUGINS_FILE="$dir/enabled_plugins" RABBITMQ_MNESIA_BASE="$dir/data" \
    RABBITMQ_LOG_BASE="$dir/log" RABBITMQ_PID_FILE="$dir/pid" RABBITMQ_DIST_PORT="$dist_port" \
    ERL_EPMD_PORT="$epmd_port" ERL_EPMD_ADDRESS=127.0.0.1 \
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}" \
    setsid "$server" > "$dir/out" 2>&1 < /dev/null &
  local launched=$! tries=1200
  while (( tries-- > 0 )); do
    if [[ -n $(broker_pid) ]] && amqp_answers 2>/dev/null && management_answers 2>/dev/null; then
      write_env
      return 0
    fi
    kill -0 "$launched" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

start() {
  [[ -x $server ]] || die "needs the package rabbitmq-server ($server is missing): apt-get install rabbitmq-server"
  if [[ -n $tls_port ]] && ! command -v openssl > /dev/null; then die "--tls needs the package openssl"; fi
  if [[ -e $dir/$marker ]]; then
    end_everything
    rm -rf "${dir:?}"/{data,log,home,tls,env,pid,out,rabbitmq.conf,enabled_plugins,$marker}
  elif [[ -n $(ls -A "$dir" 2>/dev/null) ]]; then
    die "$dir is not empty and not a directory of this script"
  fi
  local attempt ports
  for attempt in 1 2 3; do
    mapfile -t ports < <(free_ports 5)
    amqp_port=${ports[0]} management_port=${ports[1]} dist_port=${ports[2]} epmd_port=${ports[3]}
    if [[ -n $tls_port ]]; then tls_port=${ports[4]}; fi
    mkdir -p "$dir"/{data,log,home}
    write_marker
    (umask 077; rm -f "$dir/home/.erlang.cookie"; echo "cookie$RANDOM$RANDOM$RANDOM" > "$dir/home/.erlang.cookie")
    chmod 400 "$dir/home/.erlang.cookie"
    if [[ -n $tls_port ]]; then
      make_certificates "$dir/tls" "private rabbitmq CA"
      cp "$dir/tls/ca.pem" "$dir/tls/server_ca.pem"
    fi
    write_settings
    if launch; then return 0; fi
    say "attempt $attempt failed: $(tail -n 3 "$dir/out" 2>/dev/null | tr '\n' ' ')"
    end_everything
    rm -rf "${dir:?}"/{data,log}
  done
  die "the broker does not start; see $dir/out and $dir/log"
}

load_ports() {
  [[ -f $dir/$marker ]] || die "no broker was started in $dir"
  # shellcheck disable=SC1090
  source "$dir/$marker"
}

stop_gracefully() {
  local pid
  pid=$(broker_pid)
  if [[ -n $pid ]] && is_ours "$pid"; then
    end_pids CONT "$pid"
    end_pids TERM "$pid"
    wait_gone 30 "$pid" || true
  fi
  end_everything
}

# The signal is on its way for a moment, in which the broker may still answer.
freeze_broker() {
  signal_broker STOP
  wait_frozen "$(broker_pid)" || die "the broker in $dir does not freeze"
}

signal_broker() {
  load_ports
  local pid
  pid=$(broker_pid)
  is_ours "$pid" || die "the broker in $dir is not running"
  end_pids "$1" "$pid"
}

# --------------------------------------------------------------------------------------------- main

[[ $# -ge 2 ]] || usage
command=$1; shift
tls_port='' verify_clients=false stats_interval=5000
while [[ ${1:-} == --* ]]; do
  case $1 in
    --tls) tls_port=wanted ;;
    --verify-clients) verify_clients=true ;;
    --stats-interval) stats_interval=${2:?}; shift ;;
    *) usage ;;
  esac
  shift
done
[[ $# -eq 1 ]] || usage
mkdir -p "$1"
dir=$(cd "$1" && pwd -P)

case $command in
  start) trap 'end_everything; exit 130' HUP INT TERM; start ;;
  stop) if [[ -e $dir/$marker ]]; then end_everything; rm -f "$dir/env"; fi ;;
  restart) load_ports; stop_gracefully; launch || die "the broker does not start again; see $dir/out" ;;
  kill9) signal_broker KILL; end_everything ;;
  freeze) freeze_broker ;;
  thaw) signal_broker CONT ;;
  *) usage ;;
esac
