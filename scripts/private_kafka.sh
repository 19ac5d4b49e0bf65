#!/usr/bin/env bash
# A private Apache Kafka broker (KRaft, one node, broker and controller in one) in a directory of its
# own. Runs as any user, on loopback, on ports that are free. Its jars come by Maven and are kept in
# ${XDG_CACHE_HOME:-~/.cache}/jobscaler/kafka.
#
#   private_kafka.sh jars               # gets the jars, if they are not there yet
#   private_kafka.sh start [--secure] DIR
#   private_kafka.sh stop DIR           # ends the broker; leaves the directory and its log
#   private_kafka.sh restart DIR        # graceful stop, then start on the same ports and data
#   private_kafka.sh kill9 DIR          # SIGKILL; `restart` brings it back
#   private_kafka.sh freeze DIR         # SIGSTOP
#   private_kafka.sh thaw DIR           # SIGCONT
#
# start returns when the broker answers, and has then written DIR/env:
#   KAFKA_BROKER (host:port, plain text), KAFKA_PID, and with --secure
#   KAFKA_TLS_BROKER TLS_CA TLS_CERT TLS_KEY (a client certificate, which is not asked for),
#   KAFKA_SASL_BROKER (plain text) and KAFKA_SASL_TLS_BROKER, both for the user in KAFKA_USERNAME
#   and KAFKA_PASSWORD by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512. Rights can then be given: whoever
#   comes in plain text may do everything, others what nobody has been given a right to.
# It creates DIR; one that exists must be empty, or from an earlier start (whose broker is ended).
# Exit status 77: there is no java, or the jars cannot be had; the words say which.
set -euo pipefail
# shellcheck source=lib/private_server.sh
. "$(dirname "$0")/lib/private_server.sh"

version=3.9.1
jars=${XDG_CACHE_HOME:-$HOME/.cache}/jobscaler/kafka/$version
marker=.private-kafka
username=scaler password=scaler-secret

say() { echo "private_kafka.sh: $*" >&2; }
die() { say "$*"; exit 1; }
skip() { say "skipped: $*"; exit 77; }

usage() { sed -n '2,/^set -euo/{/^#/s/^# \{0,1\}//p}' "$0" >&2; exit 2; }

# --------------------------------------------------------------------------------------------- jars

pom() {
  cat <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>jobscaler</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
}

# One at a time; whoever waited finds them.
get_jars() {
  command -v java > /dev/null || skip "needs java: the package openjdk-17-jre-headless"
  [[ -e $jars/complete ]] && return 0
  mkdir -p "$jars"
  (
    flock 8
    [[ -e $jars/complete ]] && exit 0
    command -v mvn > /dev/null || skip "needs Apache Kafka's jars, and to get them the package maven"
    pom > "$jars/pom.xml"
    timeout 300 mvn -B -q -f "$jars/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$jars/lib" \
      > "$jars/mvn.log" 2>&1 8>&- || skip "needs Apache Kafka's jars, and Maven cannot get them from Maven Central; see $jars/mvn.log"
    touch "$jars/complete"
  ) 8> "$jars/lock"
}

# ---------------------------------------------------------------------------------------- processes

# True if PID is a live process of the broker in $dir: pids are reused, environments tell.
is_ours() {
  [[ $1 =~ ^[0-9]+$ ]] && grep -qzxF "PRIVATE_KAFKA_DIR=$dir" "/proc/$1/environ" 2>/dev/null
}

broker_pid() { cat "$dir/pid" 2>/dev/null || true; }

signal_broker() {
  local pid
  pid=$(broker_pid)
  is_ours "$pid" || die "the broker in $dir is not running"
  kill "-$1" "$pid"
}

freeze_broker() {
  signal_broker STOP
  wait_frozen "$(broker_pid)" || die "the broker in $dir does not freeze"
}

wait_gone() {  # SECONDS PID
  local tries=$(( $1 * 20 ))
  while (( tries-- > 0 )); do
    is_ours "$2" || return 0
    sleep 0.05
  done
  return 1
}

# end_broker SIGNAL: and SIGKILL, if that does not do in 30 s.
end_broker() {
  local pid
  pid=$(broker_pid)
  is_ours "$pid" || return 0
  kill -CONT "$pid"
  kill "-$1" "$pid"
  wait_gone 30 "$pid" && return 0
  kill -KILL "$pid" 2>/dev/null || true
  wait_gone 5 "$pid" || die "process $pid does not end"
}

# ------------------------------------------------------------------------------------------- set-up

write_settings() {
  local listeners="PLAINTEXT://127.0.0.1:$plain_port"
  if [[ -n $secure ]]; then
    listeners+=",SSL://127.0.0.1:$tls_port,SASL_PLAINTEXT://127.0.0.1:$sasl_port,SASL_SSL://127.0.0.1:$sasl_tls_port"
  fi
  cat > "$dir/server.properties" <<CONF
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller_port
controller.listener.names=CONTROLLER
listeners=$listeners,CONTROLLER://127.0.0.1:$controller_port
advertised.listeners=$listeners
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
inter.broker.listener.name=PLAINTEXT
log.dirs=$dir/data
num.network.threads=2
num.io.threads=2
background.threads=2
log.cleaner.dedupe.buffer.size=2097152
log.cleaner.backoff.ms=200
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
offsets.topic.num.partitions=2
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
group.min.session.timeout.ms=1000
num.partitions=4
CONF
  [[ -z $secure ]] || cat >> "$dir/server.properties" <<CONF
ssl.keystore.type=PEM
ssl.keystore.location=$dir/tls/server_both.pem
ssl.truststore.type=PEM
ssl.truststore.location=$dir/tls/ca.pem
ssl.client.auth=requested
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=true
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
$(for listener in sasl_plaintext sasl_ssl; do
  echo "listener.name.$listener.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$username=\"$password\";"
  for mechanism in scram-sha-256 scram-sha-512; do
    echo "listener.name.$listener.$mechanism.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
  done
done)
CONF
}

write_env() {
  {
    echo "KAFKA_BROKER=127.0.0.1:$plain_port"
    echo "KAFKA_PID=$(broker_pid)"
    if [[ -n $secure ]]; then
      echo "KAFKA_TLS_BROKER=127.0.0.1:$tls_port"
      echo "KAFKA_SASL_BROKER=127.0.0.1:$sasl_port"
      echo "KAFKA_SASL_TLS_BROKER=127.0.0.1:$sasl_tls_port"
      printf 'KAFKA_USERNAME=%s\nKAFKA_PASSWORD=%s\n' "$username" "$password"
      printf 'TLS_CA=%q\nTLS_CERT=%q\nTLS_KEY=%q\n' \
        "$dir/tls/ca.pem" "$dir/tls/client.pem" "$dir/tls/client.key"
    fi
  } > "$dir/env.new"
  mv "$dir/env.new" "$dir/env"
}

write_marker() {
  printf 'plain_port=%s\ncontroller_port=%s\ntls_port=%s\nsasl_port=%s\nsasl_tls_port=%s\nsecure=%s\n' \
    "$plain_port" "$controller_port" "$tls_port" "$sasl_port" "$sasl_tls_port" "$secure" > "$dir/$marker"
}

# -------------------------------------------------------------------------------------- start, stop

# Short-lived JVMs: no time for the optimising compiler.
run_java() {
  java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$jars/lib/*" "$@"
}

format_storage() {
  local scram=() mechanism
  if [[ -n $secure ]]; then
    for mechanism in SCRAM-SHA-256 SCRAM-SHA-512; do
      scram+=(--add-scram "$mechanism=[name=$username,password=$password]")
    done
  fi
  run_java kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAQ -c "$dir/server.properties" \
    ${scram[@]+"${scram[@]}"} > "$dir/format.log" 2>&1
}

# The port is opened before the broker serves: it has when it says so.
launch() {
  local tries=1200 before
  touch "$dir/log"
  before=$(grep -c "Kafka Server started" "$dir/log" || true)
  PRIVATE_KAFKA_DIR=$dir setsid java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info \
    -Dorg.slf4j.simpleLogger.showDateTime=true -cp "$jars/lib/*" kafka.Kafka "$dir/server.properties" \
    >> "$dir/log" 2>&1 < /dev/null &
  echo $! > "$dir/pid"
  while (( tries-- > 0 )); do
    if (( $(grep -c "Kafka Server started" "$dir/log" || true) > before )); then
      write_env
      return 0
    fi
    kill -0 "$(broker_pid)" 2>/dev/null || return 1
    sleep 0.1
  done
  return 1
}

start() {
  get_jars
  if [[ -n $secure ]] && ! command -v openssl > /dev/null; then die "--secure needs the package openssl"; fi
  if [[ -e $dir/$marker ]]; then
    end_broker KILL
    rm -rf "${dir:?}"/{data,log,format.log,tls,env,pid,server.properties,$marker}
  elif [[ -n $(ls -A "$dir" 2>/dev/null) ]]; then
    die "$dir is not empty and not a directory of this script"
  fi
  local attempt ports
  for attempt in 1 2 3; do
    mapfile -t ports < <(free_ports 5)
    plain_port=${ports[0]} controller_port=${ports[1]} tls_port=${ports[2]} sasl_port=${ports[3]} sasl_tls_port=${ports[4]}
    write_marker
    if [[ -n $secure ]]; then
      make_certificates "$dir/tls" "private kafka CA"
      cat "$dir/tls"/server.{key,pem} > "$dir/tls/server_both.pem"
    fi
    write_settings
    if format_storage && launch; then return 0; fi
    say "attempt $attempt failed: $(tail -qn 3 "$dir"/{format.log,log} 2>/dev/null | tr '\n' ' ')"
    end_broker KILL
    rm -rf "${dir:?}/data"
  done
  die "the broker does not start; see $dir/log"
}

load_ports() {
  [[ -f $dir/$marker ]] || die "no broker was started in $dir"
  # shellcheck disable=SC1090
  source "$dir/$marker"
}

# --------------------------------------------------------------------------------------------- main

[[ $# -ge 1 ]] || usage
command=$1; shift
if [[ $command == jars ]]; then get_jars; exit 0; fi
secure=''
if [[ ${1:-} == --secure ]]; then secure=1; shift; fi
[[ $# -eq 1 ]] || usage
if [[ $command == start ]]; then mkdir -p "$1"; fi
[[ -d $1 ]] || die "there is no directory $1"
dir=$(cd "$1" && pwd -P)

case $command in
  start) trap 'end_broker KILL; exit 130' HUP INT TERM; start ;;
  stop) if [[ -e $dir/$marker ]]; then end_broker KILL; rm -f "$dir/env"; fi ;;
  restart) load_ports; end_broker TERM; launch || die "the broker does not start again; see $dir/log" ;;
  kill9) load_ports; end_broker KILL ;;
  freeze) freeze_broker ;;
  thaw) signal_broker CONT ;;
  *) usage ;;
esac
