#!/usr/bin/env bash
# Our name server beside Debian's NSD and Knot: the same zone, the same queries, one server thread each, EDNS, cookies and rate
# limiting on everywhere (with a limit that is not reached). Rounds take turns, medians count. --quick: what a minute allows.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=5 seconds=5 names=10000 big=1000000
[ "${1:-}" = --quick ] && rounds=1 seconds=${SECONDS_EACH:-3} big=0

. benchmarks/common.sh
need nsd:nsd knotd:knot dnsperf:dnsperf redis-server:redis-server
# Before anything is measured: each is built once, and a build that is up to date is not repeated.
[ -n "${BENCH_NO_BUILD:-}" ] || dotnet build benchmarks/dns -c Release -v quiet >&2
bench=benchmarks/dns/bin/Release/net10.0/dns-benchmark

cpus=$(nproc)
server_cpu=0 client_cpu=$((cpus > 1 ? 1 : 0))

port_of() { case $1 in ours) echo 15301 ;; nsd) echo 15302 ;; knot) echo 15303 ;; redis) echo 15304 ;; esac; }
redis_url=redis://127.0.0.1:$(port_of redis)
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
load() { # server mode: prints "answers/s CPU-seconds-per-million"
  local pid before after out args=(-e -E 10:0102030405060708)
  [ "$2" = tcp ] && args+=(-m tcp)
  pid=$(cat "$work/$1.pid")
  before=$(cpu_ticks "$pid")
  out=$(taskset -c $client_cpu dnsperf -s 127.0.0.1 -p "$(port_of "$1")" -d "$work/queries.txt" -l $seconds -c 20 -T 1 -q 200 "${args[@]}" 2>/dev/null)
  after=$(cpu_ticks "$pid")
  awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
    /Queries completed/ { done = $3 }
    /Queries per second/ { qps = $4 }
    END { printf "%.0f %.3f\n", qps, ticks / hz / done * 1000000 }' <<<"$out"
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

mkdir "$work/redis"
redis-server --port "$(port_of redis)" --bind 127.0.0.1 --dir "$work/redis" --save "" --notify-keyspace-events KEA >"$work/redis.log" 2>&1 &
pids+=($!)
"$bench" files "$work" $names
until redis-cli -p "$(port_of redis)" ping >/dev/null 2>&1; do sleep 0.05; done
redis-cli -p "$(port_of redis)" --pipe <"$work/redis.txt" >/dev/null

cat >"$work/nsd.conf" <<CONF
server:
  ip-address: 127.0.0.1@$(port_of nsd)
  server-count: 1
  username: ""
  zonesdir: "$work"
  database: ""
  pidfile: ""
  xfrdfile: "$work/xfrd.state"
  zonelistfile: "$work/zone.list"
  answer-cookie: yes
  rrl-ratelimit: 10000000
  rrl-whitelist-ratelimit: 10000000
remote-control:
  control-enable: no
zone:
  name: bench.test
  zonefile: zone.txt
CONF
cat >"$work/knot.conf" <<CONF
server:
  listen: 127.0.0.1@$(port_of knot)
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
  rundir: "$work"
  tcp-max-clients: 100
database:
  storage: "$work/knotdb"
mod-rrl:
  - id: default
    rate-limit: 10000000
template:
  - id: default
    storage: "$work"
    global-module: [ mod-cookies, mod-rrl/default ]
zone:
  - domain: bench.test
    file: zone.txt
CONF
mkdir -p "$work/knotdb"
start ours "$bench" serve "$(port_of ours)" "$redis_url" 1
start nsd nsd -d -c "$work/nsd.conf"
start knot knotd -c "$work/knot.conf"
for server in ours nsd knot; do until_answered "$(port_of $server)"; done
# The just-in-time compiler finishes its work under load.
load ours udp >/dev/null
load ours tcp >/dev/null

for mode in udp tcp; do
  for round in $(seq $rounds); do
    for server in ours nsd knot; do
      result=$(load $server $mode)
      echo "$mode round $round $server: ${result% *} answers/s, ${result#* } CPU s per million" >&2
      echo "${result% *}" >>"$work/$server.$mode.qps"
      echo "${result#* }" >>"$work/$server.$mode.cpu"
    done
  done
done
value() { median <"$work/$1.$2.$3"; }
line="cpu_vs_knot=$(ratio "$(value ours udp cpu)" "$(value knot udp cpu)")"
line+=" cpu_vs_nsd=$(ratio "$(value ours udp cpu)" "$(value nsd udp cpu)")"
line+=" qps_vs_knot=$(ratio "$(value ours udp qps)" "$(value knot udp qps)")"
line+=" qps_vs_nsd=$(ratio "$(value ours udp qps)" "$(value nsd udp qps)")"
line+=" tcp_qps_vs_nsd=$(ratio "$(value ours tcp qps)" "$(value nsd tcp qps)")"

if [ $big -gt 0 ]; then
  for server in ours nsd knot; do kill "$(cat "$work/$server.pid")" && wait "$(cat "$work/$server.pid")" 2>/dev/null || true; done
  redis-cli -p "$(port_of redis)" flushall >/dev/null
  "$bench" files "$work" $big
  redis-cli -p "$(port_of redis)" --pipe <"$work/redis.txt" >/dev/null
  start ours "$bench" serve "$(port_of ours)" "$redis_url" 1
  until grep -q loaded "$work/ours.log"; do sleep 0.1; done
  cat "$work/ours.log" >&2
  line+=$(awk -v names=$big '/loaded/ { printf " bytes_per_name=%.0f load_1m_s=%s", ($8 - $4) / names, $2 }' "$work/ours.log")
  result=$(load ours udp)
  echo "one zone of $big names: ${result% *} answers/s, ${result#* } CPU s per million" >&2
  read -r p50 p99 < <("$bench" change "$(port_of ours)" "$redis_url" bench.test 500)
  echo "a change of one name among $big: p50 $p50 ms, p99 $p99 ms" >&2
  line+=" change_1m_ms_p99=$p99"
fi
echo "$line"
