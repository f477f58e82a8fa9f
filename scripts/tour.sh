#!/usr/bin/env bash
# The five-minute tour, walked by itself on free ports with temporary state: from a reservation to a page, and back to nothing.
# Exits 0 only if every step held.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; else bold='' dim='' green='' red='' plain=''; fi

work=$(mktemp -d)
children=()
finish() {
  local status=$?
  trap - EXIT INT TERM
  [ ${#children[@]} -eq 0 ] || kill "${children[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  if [ "$status" -ne 0 ]; then
    printf '\n%sThe tour stopped.%s What the node said last:\n' "$red" "$plain"
    tail -n 15 "$work"/*.log 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

now() { echo $(($(date +%s%N) / 1000000)); }
chapter() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
shown() { sed "s/^/           ${dim}│${plain} /"; }

# step TEXT COMMAND…  runs a command, prints its time, and ends the tour when it fails.
step() {
  local text=$1 start status=0
  shift
  start=$(now)
  "$@" >"$work/out" 2>&1 || status=$?
  if [ "$status" -eq 0 ]; then
    printf ' %s✓%s %5d ms  %s\n' "$green" "$plain" $(($(now) - start)) "$text"
    shown <"$work/out"
  else
    printf ' %s✗%s %5d ms  %s\n' "$red" "$plain" $(($(now) - start)) "$text"
    shown <"$work/out"
    exit 1
  fi
}

# until_true SECONDS COMMAND…  asks again until the command succeeds; the deadline fails it.
until_true() {
  local end=$(($(now) + $1 * 1000))
  shift
  until "$@"; do
    [ "$(now)" -lt "$end" ] || return 1
    sleep 0.02
  done
}

is_up() { [ -s "$state/listening" ] && curl -fs -o /dev/null "http://$(port_of admin)/readyz"; }
port_of() { sed -n "s/^$1 //p" "$state/listening" | head -n 1; }
number() { local at; at=$(port_of "$1"); echo "${at##*:}"; }

state=$work/state
host=hello.gw.test

chapter "1  A gateway node"
start_node() {
  # shellcheck disable=SC2086
  "$GATEWAYD" --state "$state" --domains gw.test --nameservers ns1.gw.test --admin 127.0.0.1:0 \
    --explorer-listen 127.0.0.1:0 --dns-listen 127.0.0.1:0 \
    --router-http-listen 127.0.0.1:0 --router-tls-listen 127.0.0.1:0 --router-tunnel-listen 127.0.0.1:0 \
    >"$work/gatewayd.log" 2>&1 &
  children+=($!)
  until_true 20 is_up || { tail -n 5 "$work/gatewayd.log"; return 1; }
  sed 's/^/listens: /' "$state/listening"
}
step "gatewayd starts with all its parts and a private Redis" start_node
explorer=http://$(port_of explorer)
dns=$(number dns) http=$(number http) tls=$(number tls) tunnel=$(port_of tunnel)

gw() { "$GATEWAY" "$@"; }
export GW_EXPLORER=$explorer GW_IDENTITY=$work/alice.seed

chapter "2  A user who has a name, and nothing public behind it"
step "make an identity" gw identity new
step "register the user alice" gw user register --name alice --email alice@example.test
step "reserve the name $host, pointing at the gateway" gw reserve subdomain "$host" --ip 127.0.0.1
step "reserve a reverse tunnel for it" gw reserve tunnel "$host" --secret-file "$work/secret"
step "look at the reservations" gw reservations

chapter "3  The container at home"
start_hello() {
  "$GATEWAY" hello --name "$host" --port 0 >"$work/hello" 2>"$work/hello.log" &
  children+=($!)
  until_true 10 grep -q ^fingerprint "$work/hello"
  cat "$work/hello"
}
step "a small web page, over HTTP and over TLS with its own certificate" start_hello
page=$(sed -n 's/^http //p' "$work/hello") secure=$(sed -n 's/^https //p' "$work/hello") certificate=$(sed -n 's/^fingerprint //p' "$work/hello")
start_expose() {
  "$GATEWAY" expose --local "$page" --local-tls "$secure" --remote "$tunnel" --secret-file "$work/secret" >"$work/expose.log" 2>&1 &
  children+=($!)
  until_true 10 grep -qi "connected" "$work/expose.log" || { cat "$work/expose.log"; return 1; }
  cat "$work/expose.log"
}
step "gateway expose dials out to the gateway" start_expose

chapter "4  A visitor"
ask() { dig @127.0.0.1 -p "$dns" +time=2 +tries=1 "$@"; }
answers() { [ "$(ask "$host" A +short "$@")" = 127.0.0.1 ] && echo "$host. A 127.0.0.1"; }
step "asks the name server over UDP" answers
step "asks the name server over TCP" answers +tcp
visit() { curl -fsS --max-time 10 --resolve "$host:$1:127.0.0.1" "${@:2}"; }
plain_page() { visit "$http" "http://$host:$http/" | grep "asked for"; }
step "fetches the page over HTTP, found by its Host" plain_page
secure_page() { visit "$tls" --insecure "https://$host:$tls/" | grep "asked for"; }
step "fetches the page over TLS, found by its SNI" secure_page
certificate_seen() {
  local seen
  seen=$(openssl s_client -connect "127.0.0.1:$tls" -servername "$host" </dev/null 2>/dev/null |
    openssl x509 -noout -fingerprint -sha256 | cut -d= -f2)
  echo "the visitor saw  $seen"
  [ "$seen" = "$certificate" ]
}
step "saw the container's own certificate: the gateway never decrypts" certificate_seen

chapter "5  Gone again"
delete_all() { gw delete --all; }
step "delete both reservations" delete_all
nxdomain() { ask "$host" A "$@" | grep -q 'status: NXDOMAIN'; }
name_gone() { until_true 5 nxdomain && nxdomain +tcp && echo "status: NXDOMAIN"; }
step "the name does not exist any more" name_gone
is_404() { [ "$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 --resolve "$host:$http:127.0.0.1" "http://$host:$http/")" = 404 ]; }
no_route() { until_true 5 is_404 && echo "404"; }
step "HTTP has no route" no_route
no_tls() {
  openssl s_client -connect "127.0.0.1:$tls" -servername "$host" </dev/null >"$work/tls" 2>&1 && return 1
  grep -i -m 1 'unrecognized name' "$work/tls"
}
step "TLS has no route" no_tls

stop_all() {
  kill "${children[@]}"
  wait "${children[@]}" 2>/dev/null || true
  children=()
}
chapter "6  Good night"
step "everything stops" stop_all
printf '\n%sEvery step held.%s Your turn: ./run.sh\n' "$green" "$plain"
