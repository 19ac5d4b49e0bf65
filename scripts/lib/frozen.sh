# shellcheck shell=bash
# frozen.sh - to be sourced.

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
