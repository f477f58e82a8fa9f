#!/usr/bin/env bash
# The published tunnel client by itself: the size of its file, the time and the CPU from its start until it is connected over TLS, and
# what it holds in memory when nobody visits. Medians of several starts (--quick: few). Fails when the file or the memory is larger than
# it may be; times depend on the machine, and are printed beside what they should be.
# usage: benchmarks/client.sh [--quick] [the published file]   without a file it is published first
set -euo pipefail
cd "$(dirname "$0")/.."
starts=15
MOST_SIZE=25000000 MOST_RESIDENT=45000000 # octets
LONGEST_START=500 # milliseconds until it is connected
[ "${1:-}" = --quick ] && starts=5 && shift

. benchmarks/common.sh
need redis-server:redis-server libsodium.so.23:libsodium23 openssl:openssl
[ -n "${BENCH_NO_BUILD:-}" ] || build
client=${1:-}
if [ -z "$client" ]; then
  scripts/publish-client.sh "$work/client"
  client=$work/client/gateway
fi
hz=$(getconf CLK_TCK)

echo -n 7:client-secret >"$work/secret"
echo '{ "hello.bench": { "clientsecret": "7:client-secret" } }' >"$work/routes"
$GATEWAYD --state "$work/node" --roles router --admin 127.0.0.1:0 --router-routes "$work/routes" --log-level warning --router-tunnels-per-secret 1000 \
  --router-tls-listen 127.0.0.1:0 --router-http-listen 127.0.0.1:0 --router-tunnel-listen 127.0.0.1:15912 >"$work/node.log" 2>&1 &
pids+=($!)
for _ in $(seq 600); do
  pin=$(openssl s_client -connect 127.0.0.1:15912 </dev/null 2>/dev/null | openssl x509 -pubkey -noout 2>/dev/null | openssl pkey -pubin -outform der 2>/dev/null | sha256sum | cut -c1-64 || true)
  # The SHA-256 of nothing begins so.
  case $pin in e3b0c442*) sleep 0.1 ;; *) break ;; esac
done

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
start() { # one start: "milliseconds of time, of CPU"; the client stays
  local began now pid
  mkfifo "$work/said"
  began=$(date +%s%N)
  "$client" expose http://127.0.0.1:1 --remote "tls://127.0.0.1:15912#sha256:$pin" --secret-file "$work/secret" --name bench >"$work/said" &
  pid=$!
  while read -r line; do case $line in *"connected over TLS"*) break ;; esac; done <"$work/said"
  now=$(date +%s%N)
  echo "$(((now - began) / 1000000)) $(($(cpu_ticks $pid) * 1000 / hz)) $pid"
  rm "$work/said"
}
for _ in $(seq "$starts"); do
  read -r took cpu pid < <(start)
  echo "$took" >>"$work/took"
  echo "$cpu" >>"$work/cpu"
  # Past the first answers to its pings, when what the start needed has been given back.
  sleep 3
  awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$pid/status" >>"$work/resident"
  kill "$pid"
done
size=$(stat -c %s "$client") resident=$(median <"$work/resident") connected=$(median <"$work/took")
mib() { awk "BEGIN { printf \"%.1f\", $1 / 1048576 }"; }
say "slowest start: $(sort -n "$work/took" | tail -1) ms of $starts; the median should be at most $LONGEST_START ms"
echo "size_mib=$(mib "$size") connected_ms_p50=$connected cpu_ms=$(median <"$work/cpu") idle_rss_mib=$(mib "$resident")"
status=0
bounded() { # what octets most
  [ "$2" -le "$3" ] || { say "$1: $2 octets, more than the $3 that it may have."; status=1; }
}
bounded "The file of the client" "$size" $MOST_SIZE
bounded "The memory of an idle client" "$resident" $MOST_RESIDENT
exit $status
