#!/usr/bin/env bash
# The whole way of a stranger, with nothing but the packages and the sample configuration: a node on a network of its own, its
# domain delegated by a parent zone (nsd below a root), a name reserved and a service exposed from a machine without a public
# address, fetched by curl through a recursor (unbound) on a third machine. Each machine is a network namespace. Needs root.
# Usage: tests/from-packages.sh [DIRECTORY]     with the packages in it; without: they are built first
# GATEWAY_BASE_TREE=DIRECTORY: copy this Debian tree instead of making one.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
[ "$(id -u)" -eq 0 ] || { say "tests/from-packages.sh makes networks and a Debian tree: run it as root."; exit 1; }
need debootstrap:debootstrap ip:iproute2 nsenter:util-linux nsd:nsd unbound:unbound curl:curl openssl:openssl

work=$(mktemp -d)
. tests/debian-tree.sh
run=gwend$$
children=()
machines=()
finish() {
  local status=$?
  trap - EXIT
  [ ${#children[@]} -eq 0 ] || kill "${children[@]}" 2>/dev/null || true
  tree_stop
  for machine in "${machines[@]}" net; do
    ip netns pids "$run-$machine" 2>/dev/null | xargs -r kill -KILL 2>/dev/null || true
    ip netns del "$run-$machine" 2>/dev/null || true
    rm -rf "/etc/netns/$run-$machine"
  done
  tree_end
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

on() { ip netns exec "$run-$1" "${@:2}"; }
start() { on "$1" "${@:2}" >>"$work/$1.log" 2>&1 & children+=($!); }

# machine NAME ADDRESS…  a machine on the one network of this small internet, whose resolver is the stranger's.
machine() {
  local name=$1
  machines+=("$name")
  ip netns add "$run-$name"
  mkdir -p "/etc/netns/$run-$name"
  echo 'nameserver 203.0.113.10' >"/etc/netns/$run-$name/resolv.conf"
  ip -n "$run-net" link add "$name" type veth peer name eth0 netns "$run-$name"
  ip -n "$run-net" link set "$name" master bridge up
  for address in "${@:2}"; do ip -n "$run-$name" addr add "$address/24" dev eth0; done
  ip -n "$run-$name" link set lo up
  ip -n "$run-$name" link set eth0 up
}

built=${1:-}
if [ -z "$built" ]; then
  built=$work/packages
  packaging/build-deb.sh "$built"
fi
packages=()
for package in "$built"/*.deb; do packages+=("/opt/$(basename "$package")"); done
tree_make "$built"/*.deb
echo 'nameserver 203.0.113.10' >"$tree/etc/resolv.conf"

ip netns add "$run-net"
ip -n "$run-net" link add bridge type bridge
ip -n "$run-net" link set bridge up
machine node 203.0.113.1
machine parents 203.0.113.53 203.0.113.54
machine stranger 203.0.113.10
machine home 203.0.113.20

# The root, and example.com below it, which knows nothing of the node yet.
soa='@ 60 IN SOA ns. hostmaster. 1 3600 600 86400 5'
printf '%s\n' "$soa" '@ 60 IN NS a.root.' 'a.root. 60 IN A 203.0.113.53' 'example.com. 60 IN NS ns.example.com.' 'ns.example.com. 60 IN A 203.0.113.54' >"$work/root.zone"
printf '%s\n' "$soa" '@ 60 IN NS ns.example.com.' 'ns 60 IN A 203.0.113.54' 'ns1 60 IN A 203.0.113.1' >"$work/parent.zone"
nsd() { # name zone address
  printf 'server:\n  ip-address: %s\n  server-count: 1\n  username: ""\n  database: ""\n  zonesdir: "%s"\n  pidfile: "%s/%s.pid"\n  xfrdfile: "%s/%s.xfrd"\n  xfrdir: "%s"\n  zonelistfile: "%s/%s.list"\nremote-control:\n  control-enable: no\nzone:\n  name: "%s"\n  zonefile: "%s.zone"\n' \
    "$3" "$work" "$work" "$1" "$work" "$1" "$work" "$work" "$1" "$2" "$1" >"$work/$1.conf"
  start parents /usr/sbin/nsd -d -c "$work/$1.conf"
}
nsd root . 203.0.113.53
nsd parent example.com. 203.0.113.54
printf '. 3600 IN NS a.root.\na.root. 3600 IN A 203.0.113.53\n' >"$work/hints"
cat >"$work/unbound.conf" <<U
server:
  interface: 203.0.113.10
  access-control: 203.0.113.0/24 allow
  do-ip6: no
  do-daemonize: no
  chroot: ""
  username: ""
  directory: "$work"
  pidfile: ""
  use-syslog: no
  module-config: "iterator"
  root-hints: "$work/hints"
  qname-minimisation-strict: yes
  cache-max-negative-ttl: 1
remote-control:
  control-enable: no
U
start stranger /usr/sbin/unbound -d -c "$work/unbound.conf"

tree_start "$run-node"
inside apt-get install -y -qq --no-install-recommends "${packages[@]}" >"$work/apt.log" 2>&1 || { tail -n 30 "$work/apt.log" >&2; fail "install"; }
inside sh -c 'zcat -f /usr/share/doc/gateway-server/examples/gatewayd.json* >/etc/gateway/gatewayd.json && gatewayd check-config --config /etc/gateway/gatewayd.json' >/dev/null || fail "the sample configuration is refused"
inside systemctl start gateway.service || fail "the node does not start"
step "installed in a fresh Debian, and started with the sample configuration"

doctor() { inside gateway doctor gw.example.com --root 203.0.113.53 --nameserver ns1.example.com "$@"; }
diagnosis() { doctor --json | sed -n 's/.*"diagnosis": *"\([a-z_]*\)".*/\1/p'; }
is_diagnosed() { [ "$(diagnosis || true)" = "$1" ]; }
until_true 20 is_diagnosed not_delegated || fail "the doctor says '$(diagnosis || true)' of a domain that is not delegated"
printf 'gw 60 IN NS ns1.example.com.\n' >>"$work/parent.zone"
kill "$(cat "$work/parent.pid")"
sleep_until_gone() { ! on parents bash -c ': <>/dev/tcp/203.0.113.54/53' 2>/dev/null; }
until_true 20 sleep_until_gone || fail "the parent's name server does not stop"
nsd parent example.com. 203.0.113.54
until_true 20 is_diagnosed good || fail "the doctor says of the delegated domain: $(doctor || true)"
step "delegated by its parent; the doctor said so before and says so now"

gw() { inside env GW_IDENTITY=/root/alice.seed gateway "$@"; }
gw identity new >/dev/null
gw user register --name alice --email alice@example.test >/dev/null
gw reserve subdomain hello.gw.example.com --ip 203.0.113.1 >/dev/null
gw reserve tunnel hello.gw.example.com --secret-file /root/hello.secret --json >"$work/tunnel.json"
remote=$(sed -n 's/.*"remote": *"\([^"]*\)".*/\1/p' "$work/tunnel.json")
step "reserved; the tunnel client shall dial $remote"

# At home: two services on loopback, and the client that the package brings.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" -days 2 \
  -subj /CN=hello.gw.example.com -addext subjectAltName=DNS:hello.gw.example.com 2>/dev/null
printf "HTTP/1.0 200 OK\\r\\n\\r\\na secret page" >"$work/page"
cp "$tree/root/hello.secret" "$work/hello.secret"
(cd "$work" && start home openssl s_server -quiet -accept 127.0.0.1:8443 -cert cert.pem -key key.pem -HTTP) # in the directory of the page
start home "$tree/usr/bin/gateway" hello --port 8000
start home "$tree/usr/bin/gateway" expose http://127.0.0.1:8000 https://127.0.0.1:8443 --remote "$remote" --secret-file "$work/hello.secret"
is_fetched() { on stranger curl -s -f -m 5 -o "$work/fetched" http://hello.gw.example.com/; }
until_true 40 is_fetched || { cat "$work/home.log" >&2; fail "the stranger gets nothing: $(on stranger curl -sS -m 5 http://hello.gw.example.com/ 2>&1 | head -n 5)"; }
grep -q '<!doctype html>' "$work/fetched" || fail "the stranger gets another page"
is_known() { inside journalctl --no-pager -o cat -u gateway.service | grep -q '203.0.113.10 GET hello.gw.example.com via tunnel .*: 200'; }
until_true 10 is_known || fail "the node does not say who came"
step "fetched by name over HTTP, through a recursor, and the node says by whom"
[ "$(on stranger curl -s -S -f -m 10 --cacert "$work/cert.pem" https://hello.gw.example.com/page)" = "a secret page" ] || fail "nothing comes over TLS"
step "fetched over TLS that ends at home: the node has no key to it"

inside systemctl restart gateway.service
until_true 30 is_fetched || fail "the stranger gets nothing after a restart of the node"
gw delete --all >/dev/null
is_gone() { ! on stranger curl -s -m 5 -o /dev/null -f http://hello.gw.example.com/; }
until_true 30 is_gone || fail "the service is still reached after the reservations were given up"
step "served again after a restart, and no longer after the reservations were given up"
say "Everything held."
