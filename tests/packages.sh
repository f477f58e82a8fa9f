#!/usr/bin/env bash
# Builds the packages twice, compares the bytes, asks lintian, and installs, upgrades, removes and purges them in a fresh
# Debian tree. Needs root and some minutes; not a part of test.sh. Exits 0 only if everything held.
# Usage: tests/packages.sh [--once]      --once: build once, without the comparison
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
[ "$(id -u)" -eq 0 ] || { say "tests/packages.sh makes a Debian tree: run it as root."; exit 1; }
need debootstrap:debootstrap lintian:lintian curl:curl

work=$(mktemp -d)
tree=$work/tree
children=()
finish() {
  local status=$?
  trap - EXIT
  [ ${#children[@]} -eq 0 ] || kill "${children[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  umount "$tree/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

step() { say "✓ $*"; }
fail() { say "✗ $*"; exit 1; }
inside() { chroot "$tree" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
until_true() { local end=$((SECONDS + $1)); shift; until "$@"; do [ "$SECONDS" -lt "$end" ] || return 1; sleep 0.1; done; }

packaging/build-deb.sh "$work/first"
if [ "${1:-}" != --once ]; then
  packaging/build-deb.sh "$work/second"
  for package in "$work"/first/*.deb; do
    cmp "$package" "$work/second/$(basename "$package")" || fail "two builds of $(basename "$package") differ"
  done
  step "two builds give the same bytes"
fi

lintian --allow-root --fail-on error,warning "$work"/first/*.deb || fail "lintian has something to say"
step "lintian has neither errors nor warnings"

# The tree comes from where this machine's own packages come from.
archive=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' | sed -n 's/^bookworm //p' | head -n 1)
debootstrap --variant=minbase bookworm "$tree" "$archive" >"$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log" >&2; fail "debootstrap"; }
mount -t proc proc "$tree/proc"
cp /etc/resolv.conf "$tree/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
chmod +x "$tree/usr/sbin/policy-rc.d"
cp "$work"/first/*.deb "$tree/tmp/"
packages=("$tree"/tmp/gateway*.deb)
packages=("${packages[@]#"$tree"}")
inside apt-get update -qq
inside apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log" >&2; fail "install"; }
step "installed with its dependencies"

inside getent passwd gateway >/dev/null || fail "no user gateway"
[ "$(inside stat -c '%a %U' /var/lib/gateway)" = "700 gateway" ] || fail "/var/lib/gateway is $(inside stat -c '%a %U' /var/lib/gateway)"
[ "$(inside stat -c '%a %U' /etc/gateway/redis.password)" = "600 root" ] || fail "the password of the ledger is not root's alone"
[ "$(inside stat -c '%a %U' /etc/gateway/tunnels)" = "700 root" ] || fail "/etc/gateway/tunnels is not root's alone"
[ -L "$tree/etc/systemd/system/multi-user.target.wants/gateway.service" ] || fail "gateway.service is not enabled"
inside systemd-analyze verify --man=no /lib/systemd/system/gateway*.service /lib/systemd/system/gateway.target || fail "systemd-analyze verify"
step "user, directories, secrets and units are as they should be"

[ "$(inside gateway --version)" = "$(inside gatewayd --version | cut -d' ' -f2)" ] || fail "the two programs are of different versions"
inside gatewayd check-config --config /usr/share/doc/gateway-server/examples/gatewayd.json >/dev/null 2>&1 ||
  inside sh -c 'zcat -f /usr/share/doc/gateway-server/examples/gatewayd.json* >/tmp/g.json && gatewayd check-config --config /tmp/g.json' || fail "the sample configuration is refused"
step "the programs run, and take the sample configuration"

# No systemd runs in the tree: the ExecStart lines, under the units' users and with their capabilities.
cat >"$tree/etc/gateway/gatewayd.json" <<'J'
{
  "domains": ["gw.test"], "nameservers": ["ns1.gw.test"], "admin": "127.0.0.1:0",
  "dns": { "listen": ["127.0.0.1:0"] }, "explorer": { "listen": ["127.0.0.1:0"] },
  "router": { "http_listen": ["127.0.0.1:0"], "tls_listen": ["127.0.0.1:0"], "tunnel_listen": ["127.0.0.1:0"] }
}
J
start=$(sed -n 's/^ExecStart=//p' "$tree/lib/systemd/system/gateway.service")
serve() {
  # shellcheck disable=SC2086
  inside setpriv --reuid gateway --regid gateway --clear-groups --bounding-set -all,+net_bind_service --inh-caps -all,+net_bind_service \
    --ambient-caps -all,+net_bind_service --no-new-privs $start >"$work/gatewayd.log" 2>&1 &
  children=($!)
  until_true 60 ready || { tail -n 20 "$work/gatewayd.log" >&2; fail "the node does not become ready"; }
}
port() { sed -n "s/^$1 //p" "$tree/var/lib/gateway/listening" | head -n 1; }
ready() { [ -s "$tree/var/lib/gateway/listening" ] && curl -fs -o /dev/null "http://$(port admin)/readyz"; }
halt() { kill "${children[@]}"; wait "${children[@]}" 2>/dev/null || true; children=(); rm -f "$tree/var/lib/gateway/listening"; }
gw() { inside env GW_EXPLORER="http://$(port explorer)" GW_IDENTITY=/root/alice.seed gateway "$@" >/dev/null; }
serve
step "the node serves as the user gateway, without root"
gw identity new
gw user register --name alice --email alice@example.test
gw reserve subdomain hello.gw.test --ip 127.0.0.1
step "a name was reserved with the installed command line"
halt

inside apt-get install -y -qq --reinstall "${packages[@]}" >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log" >&2; fail "upgrade"; }
serve
gw reservations
[ "$(inside env GW_EXPLORER="http://$(port explorer)" GW_IDENTITY=/root/alice.seed gateway reservations --json | grep -c hello.gw.test)" -ge 1 ] || fail "the reservation is lost after an upgrade"
halt
step "an upgrade keeps identity and reservations"

inside apt-get remove -y -qq gateway-server gateway >"$work/apt.log" 2>&1 || fail "remove"
[ ! -e "$tree/usr/bin/gatewayd" ] && [ -e "$tree/var/lib/gateway/identity.seed" ] && [ -e "$tree/etc/gateway/gatewayd.json" ] || fail "remove took the wrong things"
step "remove takes the programs and leaves state and configuration"

inside apt-get purge -y -qq gateway-server gateway >"$work/apt.log" 2>&1 || fail "purge"
left=$(find "$tree"/etc "$tree"/var/lib "$tree"/usr/bin "$tree"/lib/systemd "$tree"/usr/share -name '*gateway*' ! -path '*/dpkg/*' | sed "s:^$tree::")
[ -z "$left" ] || fail "purge left: $left"
step "purge leaves nothing"
say "Everything held."
