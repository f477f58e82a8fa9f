#!/usr/bin/env bash
# How long garbage collections hold a node up while it answers queries and carries visitors: with the collector that the node is
# built with (two heaps, concurrent) and with one heap (the workstation collector). Prints, for each, how many pauses there were and the bound that
# 99.9 % of them stay below. Not a test: the figures are in docs/operating.md.
# Usage: benchmarks/pauses.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh
need dnsperf:dnsperf wrk:wrk curl:curl
[ -n "${BENCH_NO_BUILD:-}" ] || build
seconds=${1:-20}
work=$(mktemp -d)
node=
trap '[ -z "$node" ] || kill "$node" 2>/dev/null; wait 2>/dev/null; rm -rf "$work"' EXIT
echo 'hello.gw.test A' >"$work/queries"
printf '{ "web.gw.test": { "addr": "127.0.0.1", "httpport": 1 } }\n' >"$work/routes.json"

measure() { # name variable…
  rm -rf "$work/state"
  env "${@:2}" "$GATEWAYD" --state "$work/state" --domains gw.test --nameservers ns1.gw.test --dns-rate-limit 0 --router-routes "$work/routes.json" --log-level warning \
    --router-connections-per-address 100000 --admin 127.0.0.1:0 --explorer-listen 127.0.0.1:0 --dns-listen 127.0.0.1:0 --router-http-listen 127.0.0.1:0 --router-tls-listen 127.0.0.1:0 --router-tunnel-listen 127.0.0.1:0 >"$work/log" 2>&1 &
  node=$!
  local end=$((SECONDS + 60))
  until [ -s "$work/state/listening" ] && curl -sf -o /dev/null "http://$(port admin)/readyz"; do [ "$SECONDS" -lt "$end" ] || { cat "$work/log" >&2; exit 1; }; sleep 0.1; done
  # A page of the node's own for every request, and every one refused: the most garbage that a stranger can make.
  wrk -t 1 -c 32 -d "$seconds" -H 'Host: web.gw.test' "http://$(port http)/" >"$work/wrk" 2>&1 &
  dnsperf -s 127.0.0.1 -p "$(port dns | cut -d: -f2)" -d "$work/queries" -l "$seconds" >"$work/dnsperf" 2>&1 || true
  wait $! || true
  curl -s "http://$(port admin)/metrics" >"$work/metrics"
  awk -v name="$1" -v queries="$(sed -n 's/.*Queries completed: *\([0-9]*\).*/\1/p' "$work/dnsperf")" -v requests="$(sed -n 's/ *\([0-9]*\) requests in.*/\1/p' "$work/wrk")" '
    /^dotnet_gc_pause_duration_seconds_bucket/ { match($1, /le="[^"]*"/); bound[++n] = substr($1, RSTART + 4, RLENGTH - 5); count[n] = $2 }
    /^dotnet_gc_pause_duration_seconds_count/ { total = $2 }
    /^dotnet_gc_pause_duration_seconds_sum/ { sum = $2 }
    END {
      for (i = 1; i <= n; i++) { if (!half && count[i] >= total * 0.5) half = bound[i]; if (!most && count[i] >= total * 0.999) most = bound[i]; if (!all && count[i] >= total) all = bound[i] }
      printf "%-24s %8d queries %8d requests %6d pauses, in all %.3f s; half <= %s s, 99.9 %% <= %s s, all <= %s s\n", name, queries, requests, total, sum, half, most, all
    }' "$work/metrics"
  kill "$node" && wait "$node" || true
  node=
}
port() { sed -n "s/^$1 //p" "$work/state/listening" | head -n 1; }

measure "two heaps"
measure "one heap" DOTNET_gcServer=0
