#!/usr/bin/env bash
# Our name server beside Debian's NSD and Knot: the same zone, the same queries, one server thread each. Rounds take turns, medians
# count. Modes: udp and tcp with EDNS, cookies and rate limiting on everywhere (with a limit that holds nobody back), and udp
# without any of them. Latency is measured at 20,000 queries/s, where no server is at its end. Then 100,000 zones, and one zone of
# 1,000,000 names, each beside our own server with the small zone. --quick: what a minute allows.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-5} names=10000 zones=${ZONES:-100000} big=${BIG:-1000000} modes="udp tcp plain"
[ "${1:-}" = --quick ] && rounds=1 seconds=${SECONDS_EACH:-3} zones=0 big=0 modes="udp tcp"

. benchmarks/common.sh
need nsd:nsd knotd:knot dnsperf:dnsperf redis-server:redis-server
# Before anything is measured: each is built once, and a build that is up to date is not repeated.
[ -n "${BENCH_NO_BUILD:-}" ] || dotnet build benchmarks/dns -c Release -v quiet >&2
bench=benchmarks/dns/bin/Release/net10.0/dns-benchmark

cpus=$(nproc)
server_cpu=0 client_cpu=$((cpus > 1 ? 1 : 0))

port_of() {
  case $1 in ours) echo 15301 ;; nsd) echo 15302 ;; knot) echo 15303 ;; redis) echo 15304 ;; many) echo 15305 ;; many-redis) echo 15306 ;;
    ours-plain) echo 15311 ;; nsd-plain) echo 15312 ;; knot-plain) echo 15313 ;; esac
}
redis_url() { echo "redis://127.0.0.1:$(port_of "$1")"; }
start() { # name command...: in the background, pinned to the server's core
  local name=$1
  shift
  taskset -c $server_cpu "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
  echo $! >"$work/$name.pid"
}
until_answered() {
  for _ in $(seq 600); do
    dig +time=1 +tries=1 @127.0.0.1 -p "$1" host1.bench.test A 2>/dev/null | grep -q NOERROR && return
    sleep 0.1
  done
  echo "nobody answers on port $1" >&2
  exit 1
}
ask() { # server mode queries dnsperf-options...
  local args=(-e) mode=$2
  [ "$mode" = plain ] || args+=(-E 10:0102030405060708)
  [ "$mode" = tcp ] && args+=(-m tcp)
  taskset -c $client_cpu dnsperf -s 127.0.0.1 -p "$(port_of "$1")" -d "$work/$3" -c 20 -T 1 "${args[@]}" "${@:4}" 2>/dev/null
}
load() { # server mode queries: prints "answers/s CPU-seconds-per-million"
  local pid before after out
  pid=$(cat "$work/$1.pid")
  before=$(cpu_ticks "$pid")
  out=$(ask "$1" "$2" "$3" -l "$seconds" -q 200)
  after=$(cpu_ticks "$pid")
  awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
    /Queries completed/ { done = $3 }
    /Queries per second/ { qps = $4 }
    END { printf "%.0f %.3f\n", qps, ticks / hz / done * 1000000 }' <<<"$out"
}
latency() { # server mode queries: prints "p50 p99" in microseconds
  ask "$1" "$2" "$3" -l 1 -Q 20000 -q 200 -v | awk '/^> / { print $NF * 1000000 }' | sort -n |
    awk '{ v[NR] = $1 } END { if (NR) printf "%.0f %.0f\n", v[int(NR / 2) + 1], v[int(NR * 0.99) + 1]; else print "- -" }'
}
resident() { # server: MiB of the process and all below it
  local pid all=0
  for pid in $(family "$(cat "$work/$1.pid")"); do all=$((all + $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"))); done
  echo $((all / 1024))
}
measure() { # server mode queries round: one line for the reader, figures for the medians
  local result late
  result=$(load "$1" "$2" "$3")
  late=$(latency "$1" "$2" "$3")
  echo "$2 round $4 $1: ${result% *} answers/s, ${result#* } CPU s per million, p50 ${late% *} us, p99 ${late#* } us, $(resident "$1") MiB" >&2
  echo "${result% *}" >>"$work/$1.$2.qps"
  echo "${result#* }" >>"$work/$1.$2.cpu"
}
start_redis() { # name
  mkdir -p "$work/$1"
  redis-server --port "$(port_of "$1")" --bind 127.0.0.1 --dir "$work/$1" --save "" --notify-keyspace-events KEA >"$work/$1.log" 2>&1 &
  pids+=($!)
  until redis-cli -p "$(port_of "$1")" ping >/dev/null 2>&1; do sleep 0.05; done
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

start_redis redis
"$bench" files "$work" $names
redis-cli -p "$(port_of redis)" --pipe <"$work/redis.txt" >/dev/null

nsd_conf() { # name cookies limit
  cat >"$work/$1.conf" <<CONF
server:
  ip-address: 127.0.0.1@$(port_of "$1")
  server-count: 1
  username: ""
  zonesdir: "$work"
  database: ""
  pidfile: ""
  xfrdfile: "$work/$1.xfrd.state"
  zonelistfile: "$work/$1.zone.list"
  answer-cookie: $2
  rrl-ratelimit: $3
  rrl-whitelist-ratelimit: $3
remote-control:
  control-enable: no
zone:
  name: bench.test
  zonefile: zone.txt
CONF
}
knot_conf() { # name modules
  cat >"$work/$1.conf" <<CONF
server:
  listen: 127.0.0.1@$(port_of "$1")
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  rundir: "$work/$1"
  tcp-max-clients: 100
database:
  storage: "$work/$1"
mod-rrl:
  - id: default
    rate-limit: 10000000
template:
  - id: default
    storage: "$work"
    ${2:+global-module: [ $2 ]}
zone:
  - domain: bench.test
    file: zone.txt
CONF
  mkdir -p "$work/$1"
}
start_peers() { # suffix serve-mode nsd-cookies nsd-limit knot-modules
  nsd_conf "nsd$1" "$3" "$4"
  knot_conf "knot$1" "$5"
  start "ours$1" "$bench" serve "$(port_of "ours$1")" "$(redis_url redis)" 1 "$2"
  start "nsd$1" nsd -d -c "$work/nsd$1.conf"
  start "knot$1" knotd -c "$work/knot$1.conf"
  for server in ours nsd knot; do until_answered "$(port_of "$server$1")"; done
}
start_peers "" limited yes 10000000 "mod-cookies, mod-rrl/default"
warm() { # suffix mode...: everybody alike; the just-in-time compiler counts under load and compiles in the pauses after it
  local suffix=$1 mode server
  for mode in "${@:2}"; do
    for server in ours nsd knot; do
      ask "$server$suffix" "$mode" queries.txt -l 1 -q 200 >/dev/null
    done
  done
  for mode in "${@:2}"; do
    ask "ours$suffix" "$mode" queries.txt -l 2 -q 200 >/dev/null
    sleep 1
  done
}
warm "" udp tcp

for mode in $modes; do
  suffix=""
  if [ "$mode" = plain ]; then
    suffix=-plain
    start_peers -plain unlimited no 0 ""
    warm -plain plain
  fi
  for round in $(seq "$rounds"); do
    for server in ours nsd knot; do measure "$server$suffix" "$mode" queries.txt "$round"; done
  done
done
value() { median <"$work/$1.$2.$3"; }
more=""
line="cpu_vs_knot=$(ratio "$(value ours udp cpu)" "$(value knot udp cpu)")"
line+=" cpu_vs_nsd=$(ratio "$(value ours udp cpu)" "$(value nsd udp cpu)")"
line+=" qps_vs_knot=$(ratio "$(value ours udp qps)" "$(value knot udp qps)")"
line+=" qps_vs_nsd=$(ratio "$(value ours udp qps)" "$(value nsd udp qps)")"
line+=" tcp_qps_vs_nsd=$(ratio "$(value ours tcp qps)" "$(value nsd tcp qps)")"

stop() { # name...
  local name
  for name in "$@"; do
    [ -f "$work/$name.pid" ] || continue
    kill "$(cat "$work/$name.pid")" && wait "$(cat "$work/$name.pid")" 2>/dev/null || true
  done
}
beside() { # kind count: another server with much more, and rounds that take turns with the small one; sets loaded, and cpu ratio
  mkdir -p "$work/$1"
  "$bench" "$1" "$work/$1" "$2"
  redis-cli -p "$(port_of many-redis)" flushall >/dev/null
  redis-cli -p "$(port_of many-redis)" --pipe <"$work/$1/redis.txt" >/dev/null
  # It loads with what the machine has, and answers on one core as the others do.
  "$bench" serve "$(port_of many)" "$(redis_url many-redis)" 1 limited >"$work/many.log" 2>&1 &
  pids+=($!)
  echo $! >"$work/many.pid"
  until grep -q loaded "$work/many.log"; do sleep 0.1; done
  taskset -acp $server_cpu "$(cat "$work/many.pid")" >/dev/null
  loaded=$(grep loaded "$work/many.log")
  echo "$1 $2: $loaded" >&2
  for _ in 1 2; do
    load many udp "$1/queries.txt" >/dev/null
    sleep 1
  done
  rm -f "$work"/many.udp.* "$work"/ours.udp.*
  for round in $(seq "$rounds"); do
    measure ours udp queries.txt "$round"
    measure many udp "$1/queries.txt" "$round"
  done
  cpu_ratio=$(ratio "$(value many udp cpu)" "$(value ours udp cpu)")
}
per_name() { awk -v names="$1" '{ printf "%.0f", ($8 - $4) / names }' <<<"$loaded"; }

if [ "$zones" -gt 0 ] || [ "$big" -gt 0 ]; then
  stop nsd knot nsd-plain knot-plain ours-plain
  start_redis many-redis
fi
if [ "$zones" -gt 0 ]; then
  beside zones "$zones"
  more+=" zones_cpu_ratio=$cpu_ratio zones_bytes_per_name=$(per_name $((3 * zones))) load_zones_s=$(cut -d' ' -f2 <<<"$loaded")"
  stop many
fi
if [ "$big" -gt 0 ]; then
  read -r p50 p99 < <("$bench" change "$(port_of ours)" "$(redis_url redis)" bench.test 500)
  echo "a change of one name among $names: p50 $p50 ms, p99 $p99 ms" >&2
  beside files "$big"
  more+=" cpu_1m_ratio=$cpu_ratio"
  line+=" bytes_per_name=$(per_name "$big") load_1m_s=$(cut -d' ' -f2 <<<"$loaded")"
  read -r p50 p99 < <("$bench" change "$(port_of many)" "$(redis_url many-redis)" bench.test 500)
  echo "a change of one name among $big: p50 $p50 ms, p99 $p99 ms" >&2
  begun=$EPOCHREALTIME
  redis-cli -p "$(port_of many-redis)" hset bench.test. foreign '{"a":[{"ip":"192.0.2.99","ttl":60}]}' >/dev/null
  until dig +time=1 +tries=1 +short @127.0.0.1 -p "$(port_of many)" foreign.bench.test A | grep -q 192.0.2.99; do sleep 0.05; done
  echo "the same with redis-cli: $(awk -v a="$begun" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }') s" >&2
  line+=" change_1m_ms_p99=$p99"
fi
[ -z "$more" ] || echo "${more# }"
echo "$line"
