#!/usr/bin/env bash
# Builds the packages twice, compares the bytes, asks lintian, and installs, upgrades, removes and purges them in a fresh Debian
# tree whose services a real systemd starts. Needs root and half an hour on a small machine; not a part of test.sh. Exits 0 only
# if everything held. tests/from-packages.sh goes on from here, with a domain and visitors.
# Usage: tests/packages.sh [--once | --with DIRECTORY]
#   --once            build once, without the comparison
#   --with DIRECTORY  take the packages that were built there
# GATEWAY_BASE_TREE=DIRECTORY: copy this Debian tree instead of making one.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
[ "$(id -u)" -eq 0 ] || { say "tests/packages.sh makes a Debian tree: run it as root."; exit 1; }
need debootstrap:debootstrap lintian:lintian ip:iproute2 nsenter:util-linux

work=$(mktemp -d)
. tests/debian-tree.sh
network=gwpkg$$
finish() {
  local status=$?
  trap - EXIT
  tree_end
  ip netns del "$network" 2>/dev/null || true
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

built=$work/first
if [ "${1:-}" = --with ]; then
  built=$(cd "$2" && pwd)
else
  packaging/build-deb.sh "$built"
fi
if [ -z "${1:-}" ]; then
  packaging/build-deb.sh "$work/second"
  for package in "$built"/*.deb; do
    cmp "$package" "$work/second/$(basename "$package")" || fail "two builds of $(basename "$package") differ"
  done
  step "two builds give the same bytes"
fi

lintian --allow-root --fail-on error,warning "$built"/*.deb || fail "lintian has something to say"
step "lintian has neither errors nor warnings"

packages=()
for package in "$built"/*.deb; do packages+=("/opt/$(basename "$package")"); done
tree_make "$built"/*.deb
ip netns add "$network"
ip -n "$network" link set lo up
tree_start "$network"
step "a fresh Debian runs, with a systemd of its own"

# Without a network: everything is in apt's cache.
install() { inside apt-get install -y -qq --no-install-recommends "$@" "${packages[@]}" >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log" >&2; fail "apt-get install $*"; }; }
install
inside getent passwd gateway >/dev/null || fail "no user gateway"
[ "$(inside stat -c '%a %U' /var/lib/gateway)" = "700 gateway" ] || fail "/var/lib/gateway is $(inside stat -c '%a %U' /var/lib/gateway)"
[ "$(inside stat -c '%a %U' /etc/gateway/redis.password)" = "600 root" ] || fail "the password of the ledger is not root's alone"
[ "$(inside stat -c '%a %U' /etc/gateway/tunnels)" = "700 root" ] || fail "/etc/gateway/tunnels is not root's alone"
inside systemctl --quiet is-enabled gateway.service || fail "gateway.service is not enabled"
[ "$(inside systemctl show -P ConditionResult gateway.service)" = no ] || fail "gateway.service did not wait for its configuration"
inside sh -c 'ls /lib/systemd/system/gateway* | sed "s/@[.]/@x./" | xargs systemd-analyze verify --man=no' >"$work/verify.log" 2>&1 || true
[ ! -s "$work/verify.log" ] || { cat "$work/verify.log" >&2; fail "systemd-analyze verify"; }
step "installed: user, directories, secrets and units are as they should be"

[ "$(inside gateway --version)" = "$(inside gatewayd --version | cut -d' ' -f2)" ] || fail "the two programs are of different versions"
sample=$(inside sh -c 'ls /usr/share/doc/gateway-server/examples/gatewayd.json*')
inside sh -c "zcat -f $sample >/etc/gateway/sample.json"
[ "$(inside gatewayd check-config --config /etc/gateway/sample.json)" = "The configuration is good." ] || fail "the sample configuration is refused"
step "the programs run, and take the sample configuration"

# On loopback alone, and on the ports of a public node.
cat >"$tree/etc/gateway/gatewayd.json" <<'J'
{
  "domains": ["gw.test"], "nameservers": ["ns1.gw.test"], "address": "127.0.0.1",
  "dns": { "listen": ["127.0.0.1:53"] }, "reconciler": { "explorer": "http://127.0.0.1:8090" },
  "router": { "http_listen": ["127.0.0.1:80"], "tls_listen": ["127.0.0.1:443"], "tunnel_listen": ["127.0.0.1:18000"] }
}
J
gw() { inside env GW_EXPLORER=http://127.0.0.1:8090 GW_IDENTITY=/root/alice.seed gateway "$@"; }
holds() { gw reservations --json | grep -c hello.gw.test >/dev/null; }
is_fetched() { [ "$(inside curl -s -m 5 -o /dev/null -w '%{http_code}' -H 'Host: hello.gw.test' http://127.0.0.1/)" = 200 ]; }

inside systemctl start gateway.service || fail "gateway.service does not start"
sandbox=$(inside sh -c 'grep -E "^(Uid|CapEff|CapBnd|NoNewPrivs|Seccomp):" /proc/$(systemctl show -P MainPID gateway)/status' | tr -s '\t ' ' ')
uid=$(inside id -u gateway)
[ "$sandbox" = "Uid: $uid $uid $uid $uid
CapEff: 0000000000000400
CapBnd: 0000000000000400
NoNewPrivs: 1
Seccomp: 2" ] || fail "gateway.service runs with other rights than it should: $sandbox"
step "gateway.service serves as the user gateway, with the right to low ports alone, behind its filter"
gw identity new >/dev/null
gw user register --name alice --email alice@example.test >/dev/null
gw reserve subdomain hello.gw.test --ip 127.0.0.1 >/dev/null
gw reserve tunnel hello.gw.test --secret-file /root/hello.secret --json >"$work/tunnel.json"
step "a name and a tunnel were reserved with the installed command line"

remote=$(sed -n 's/.*"remote": *"\([^"]*\)".*/\1/p' "$work/tunnel.json")
mv "$tree/root/hello.secret" "$tree/etc/gateway/tunnels/hello.secret"
printf 'TUNNEL_TARGET=http://127.0.0.1:8000\nTUNNEL_REMOTE=%s\n' "$remote" >"$tree/etc/gateway/tunnels/hello.conf"
chmod 600 "$tree"/etc/gateway/tunnels/*
printf '[Service]\nDynamicUser=yes\nExecStart=/usr/bin/gateway hello --port 8000\n' >"$tree/etc/systemd/system/hello.service"
inside systemctl daemon-reload
inside systemctl start hello.service gateway-tunnel@hello.service || fail "gateway-tunnel@hello.service does not start"
until_true 30 is_fetched || fail "nothing comes through the tunnel"
inside systemctl show -P StatusText gateway-tunnel@hello.service | grep -q connected || fail "gateway-tunnel@ says: $(inside systemctl show -P StatusText gateway-tunnel@hello.service)"
step "gateway-tunnel@.service carries visitors"

# The journal of a real systemd takes the fields: one request by its id, with everything that the line says beside it.
entry() { inside journalctl --no-pager -o json -u gateway.service GATEWAY_EVENT=4002 | tail -n 1; }
has_request() { entry | grep -F '"GATEWAY_HOST":"hello.gw.test"' >/dev/null; }
until_true 10 has_request || fail "the journal has no request with its fields: $(entry)"
for field in PRIORITY:6 GATEWAY_EVENT_NAME:RequestEnded GATEWAY_METHOD:GET GATEWAY_STATUS:200 GATEWAY_END:Finished; do
  entry | grep -F "\"${field%%:*}\":\"${field#*:}\"" >/dev/null || fail "the journal lacks ${field%%:*}=${field#*:}: $(entry)"
done
request=$(entry | sed -n 's/.*"GATEWAY_REQUEST_ID":"\([^"]*\)".*/\1/p')
[ -n "$request" ] || fail "the journal has no id of the request: $(entry)"
[ "$(inside journalctl --no-pager -o cat -u gateway.service "GATEWAY_REQUEST_ID=$request" | wc -l)" -ge 1 ] || fail "the journal does not find a request by its id"
! inside journalctl --no-pager -o json -u gateway.service | grep -F "$(cat "$tree/etc/gateway/tunnels/hello.secret")" >/dev/null || fail "the journal has a secret"
step "the journal has each line's fields, and finds a request by its id"

before=$(inside systemctl show -P MainPID gateway.service)
install --reinstall
[ "$(inside systemctl show -P MainPID gateway.service)" != "$before" ] || fail "an upgrade left the old program running"
is_active gateway.service && holds || fail "the node or its reservations are lost after an upgrade"
until_true 30 is_fetched || fail "nothing comes through the tunnel after an upgrade"
step "an upgrade goes on with the new program, keeps identity and reservations, and tunnels come back"

# One unit for each role, for the first time, all at once.
units=(gateway-redis gateway-dns gateway-router gateway-reconciler gateway-explorer)
all_active() { for unit in "${units[@]}"; do is_active "$unit.service" || return 1; done; }
inside systemctl stop gateway.service gateway-tunnel@hello.service
inside sh -c 'rm -rf /var/lib/gateway/*'
mkdir -p "$tree/etc/systemd/system/gateway-dns.socket.d"
printf '[Socket]\nListenStream=\nListenDatagram=\nListenStream=127.0.0.1:53\nListenDatagram=127.0.0.1:53\n' >"$tree/etc/systemd/system/gateway-dns.socket.d/address.conf"
inside systemctl daemon-reload
inside systemctl start gateway-dns.socket gateway-http.socket gateway-tls.socket gateway-tunnel.socket
inside systemctl start gateway.target
until_true 60 all_active || fail "gateway.target is not up"
restarts=$(inside systemctl show -P NRestarts "${units[@]/%/.service}" | sort -u | xargs)
[ "$restarts" = 0 ] || fail "a unit of gateway.target had to be started again"
inside sh -c 'rm -f /root/alice.seed'
gw identity new >/dev/null
gw user register --name alice --email alice@example.test >/dev/null
gw reserve subdomain hello.gw.test --ip 127.0.0.1 >/dev/null
gw reserve tunnel hello.gw.test --secret-file /root/hello.secret --json >"$work/tunnel.json"
mv "$tree/root/hello.secret" "$tree/etc/gateway/tunnels/hello.secret"
sed -i "s|^TUNNEL_REMOTE=.*|TUNNEL_REMOTE=$(sed -n 's/.*"remote": *"\([^"]*\)".*/\1/p' "$work/tunnel.json")|" "$tree/etc/gateway/tunnels/hello.conf"
inside systemctl start gateway-tunnel@hello.service
until_true 30 is_fetched || fail "nothing comes through the tunnel of gateway.target"
step "gateway.target: five units at once at their first start, none had to be started again, and a visitor is served"

# Visitors meanwhile: whoever comes is answered, later or sooner.
cat >"$tree/opt/visitors.sh" <<'V'
while [ ! -e /opt/enough ]; do
  code=$(curl -s -m 20 -o /dev/null -w '%{http_code}/%{exitcode}' -H 'Host: hello.gw.test' http://127.0.0.1/)
  echo "$code"
  sleep 0.05
done
V
rm -f "$tree/opt/enough"
inside bash /opt/visitors.sh >"$work/visitors" &
visitors=$!
for unit in dns router reconciler explorer redis; do
  inside systemctl restart "gateway-$unit.service" || fail "gateway-$unit does not start again"
  until_true 30 all_active || fail "gateway-$unit does not come back"
  until_true 30 is_fetched || fail "nothing comes through the tunnel after gateway-$unit was started again"
done
touch "$tree/opt/enough"
wait "$visitors"
# While the tunnel client dials again, its visitors get a page that says so; nobody is refused, and nobody waits in vain.
grep -q '^200/0$' "$work/visitors" && ! grep -v -E '^(200|502|503|504)/0$' "$work/visitors" || fail "visitors were turned away: $(sort "$work/visitors" | uniq -c | xargs)"
[ "$(inside systemctl is-active gateway.target)" = active ] || fail "gateway.target went down with a unit"
step "every unit was restarted by itself, and of $(wc -l <"$work/visitors") visitors meanwhile nobody was refused"
inside systemctl reload gateway-dns gateway-router gateway-reconciler gateway-explorer || fail "reload"
all_active || fail "a unit did not survive a reload"
step "reload leaves all units running"

inside apt-get remove -y -qq gateway-server gateway >"$work/apt.log" 2>&1 || fail "remove"
[ ! -e "$tree/usr/bin/gatewayd" ] && [ -e "$tree/var/lib/gateway/identity.seed" ] && [ -e "$tree/etc/gateway/gatewayd.json" ] || fail "remove took the wrong things"
! inside pgrep -x gatewayd >/dev/null || fail "remove left a program running"
step "remove ends and takes the programs, and leaves state and configuration"

rm -rf "$tree"/etc/gateway/tunnels/* "$tree/etc/gateway/sample.json" "$tree"/etc/systemd/system/gateway-dns.socket.d
inside apt-get purge -y -qq gateway-server gateway >"$work/apt.log" 2>&1 || fail "purge"
left=$(find "$tree"/etc "$tree"/var/lib "$tree"/usr/bin "$tree"/lib/systemd "$tree"/usr/share -name '*gateway*' ! -path '*/dpkg/*' | sed "s:^$tree::")
[ -z "$left" ] || fail "purge left: $left"
step "purge leaves nothing"
tree_stop
say "Everything held."
