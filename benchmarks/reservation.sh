#!/usr/bin/env bash
# From a reservation to the first right DNS answer, with the built-in explorer. --quick: 100 reservations instead of 500.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

count=500
[ "${1:-}" = --quick ] && count=100
need_dotnet
need redis-server:redis-server libsodium.so.23:libsodium23 curl:curl
build
dotnet build benchmarks/reservation -c Release -v quiet >&2

work=$(mktemp -d)
finish() {
  kill "$node" 2>/dev/null || true
  wait "$node" 2>/dev/null || true
  rm -rf "$work"
}
"$GATEWAYD" --state "$work" --domains gw.test --nameservers ns1.gw.test --admin 127.0.0.1:0 --explorer-listen 127.0.0.1:0 --dns-listen 127.0.0.1:0 \
  --router-http-listen 127.0.0.1:0 --router-tls-listen 127.0.0.1:0 --router-tunnel-listen 127.0.0.1:0 --log-level warning >"$work/log" 2>&1 &
node=$!
trap finish EXIT
at() { sed -n "s/^$1 //p" "$work/listening"; }
for _ in $(seq 500); do
  [ -s "$work/listening" ] && curl -fs -o /dev/null "http://$(at admin)/readyz" && break
  sleep 0.05
done
benchmarks/reservation/bin/Release/net10.0/reservation-benchmark "http://$(at explorer)" "$(at dns)" "$count"
