#!/usr/bin/env bash
# The control plane, with the built-in explorer and private Redis as an operator starts them. From a reservation to the first right
# answer and the first visitor, beside 20,000 queries/s; a second gateway with an empty Redis that meets 100,000 reservations (half
# names, half proxies); the comparison of all of them without a difference; what a node costs at rest; reservations per second
# with 1,000,000 workloads stored. The comparison begins when all results are reported. --quick: fewer of the first, 200,000 stored
# instead of 1,000,000, nothing at rest, and after 35 s it goes on while results are still being reported.
set -euo pipefail
cd "$(dirname "$0")/.."
count=500 reservations=${RESERVATIONS:-100000} stored=1000000 creates=10000 mode=whole
[ "${1:-}" = --quick ] && count=100 stored=200000 creates=4000 mode=quick

. scripts/common.sh
need_dotnet
need redis-server:redis-server libsodium.so.23:libsodium23 dnsperf:dnsperf
# The daemon as packages ship it: a first sync begins with its start. BENCH_GATEWAYD=/usr/bin/gatewayd: that one instead.
gatewayd=${BENCH_GATEWAYD:-out/gatewayd/gatewayd}
if [ -z "${BENCH_NO_BUILD:-}" ]; then
  [ -n "${BENCH_GATEWAYD:-}" ] || publish_daemon out/gatewayd
  dotnet build benchmarks/reservation -c Release -v quiet >&2
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
benchmarks/reservation/bin/Release/net10.0/reservation-benchmark "$gatewayd" "$work" "$count" "$reservations" "$stored" "$creates" "$mode"
