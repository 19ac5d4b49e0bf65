#!/bin/bash
# install_packages.sh PACKAGE... - installs Debian packages without starting a service: those of RabbitMQ would
# otherwise start a broker on the standard port, now and at each boot. Must be root.
# Being told to stop it stops while it downloads; once it installs it finishes, as half-installed packages need repair.
set -euo pipefail

POLICY=/usr/sbin/policy-rc.d # asked by packages whether they may start their services
MARK='# by install_packages.sh, for as long as it runs'

exec 9>/run/jobscaler-packages.lock
flock 9

# Another policy, as containers have, is left alone; ours may be there still from a run that was killed.
forbid_services() {
  [ -e "$POLICY" ] && ! grep -qxF "$MARK" "$POLICY" && return
  printf '#!/bin/sh\n%s\nexit 101\n' "$MARK" >"$POLICY"
  chmod 755 "$POLICY"
}

allow_services() {
  if grep -qxF "$MARK" "$POLICY" 2>/dev/null; then rm -f "$POLICY"; fi
}

# Whoever had these installed wants them as they are; whoever gets them from us did not ask for a service.
disable_services() {
  local service
  for service in "$@"; do
    update-rc.d "$service" disable >/dev/null 2>&1 || true
    if command -v systemctl >/dev/null; then systemctl disable "$service.service" "$service.socket" >/dev/null 2>&1 || true; fi
  done
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@"
}

log=$(mktemp)
clean_up() {
  status=$?
  [ "$BASHPID" = $$ ] || exit "$status" # a child, ended before it became another program: bash runs this in it, too
  trap - EXIT
  allow_services
  [ "$status" = 0 ] || { tail -n 20 "$log" >&2; echo "apt-get failed; is there a mirror to reach? (apt-get update)" >&2; }
  rm -f "$log"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

unwanted=()
for service in rabbitmq-server epmd; do
  [ -e "/lib/systemd/system/$service.service" ] || [ -e "/etc/init.d/$service" ] || unwanted+=("$service")
done
apt update >"$log" 2>&1
apt install --no-install-recommends --download-only "$@" >"$log" 2>&1
forbid_services
trap '' INT TERM HUP
apt install --no-install-recommends "$@" >"$log" 2>&1 9>&-
if [ ${#unwanted[@]} -gt 0 ]; then disable_services "${unwanted[@]}"; fi
