# shellcheck shell=bash
# private_server.sh - to be sourced: what the private brokers have in common.

# wait_frozen PID: until all threads of a process that was sent SIGSTOP have stopped: each does so when it next comes by the
# kernel. Fails after 10 s.
wait_frozen() {
  local tries=200
  while (( tries-- > 0 )); do
    grep -qv '^State:[[:space:]]*T' <(cat "/proc/$1"/task/*/status | grep '^State:') || return 0
    sleep 0.05
  done
  return 1
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# COUNT different ports nobody listens on, below the range the kernel hands out by itself.
free_ports() {
  local count=$1 port
  local -A taken=()
  while (( ${#taken[@]} < count )); do
    port=$(( 10000 + (RANDOM * 32768 + RANDOM) % 20000 ))
    [[ -n ${taken[$port]:-} ]] && continue
    listening "$port" && continue
    taken[$port]=1
    echo "$port"
  done
}

# make_certificates DIRECTORY NAME: a CA of that name (ca.pem), and by it server.pem for localhost and client.pem, with keys.
make_certificates() {
  local tls=$1
  mkdir -p "$tls"
  openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=$2" \
    -keyout "$tls/ca.key" -out "$tls/ca.pem" 2>/dev/null
  make_certificate "$tls" server "DNS:localhost,IP:127.0.0.1"
  make_certificate "$tls" client "DNS:client"
}

make_certificate() {
  local tls=$1 name=$2 names=$3
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" \
    -keyout "$tls/$name.key" -out "$tls/$name.csr" 2>/dev/null
  openssl x509 -req -in "$tls/$name.csr" -CA "$tls/ca.pem" -CAkey "$tls/ca.key" -CAcreateserial \
    -days 30 -extfile <(echo "subjectAltName=$names") -out "$tls/$name.pem" 2>/dev/null
}
