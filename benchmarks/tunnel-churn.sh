#!/usr/bin/env bash
# A tunnel whose line is cut once a second for an hour (--quick: a minute), with visitors all the while. Prints the slopes of memory,
# descriptors and threads of both ends by the hour, after a warm-up, and how many visitors were served.
set -euo pipefail
cd "$(dirname "$0")/.."
duration=3600
[ "${1:-}" = --quick ] && duration=60

. benchmarks/common.sh
need redis-server:redis-server libsodium.so.23:libsodium23
if [ -z "${BENCH_NO_BUILD:-}" ]; then
  build
  dotnet build benchmarks/tunnel -c Release -v quiet >&2
fi
bench=benchmarks/tunnel/bin/Release/net10.0/tunnel-benchmark
backend=15801 redis=15802 visitors=15811 tunnel=15812 line=15821

start() { # name command...
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
  echo $! >"$work/$name.pid"
}
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
until_open() { for _ in $(seq 300); do is_open "$1" && return; sleep 0.1; done; echo "nobody listens on $1" >&2; exit 1; }
sample() { # name: seconds, KiB, descriptors, threads
  local pid
  pid=$(cat "$work/$1.pid")
  echo "$SECONDS $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status") $(ls "/proc/$pid/fd" | wc -l) $(awk '/^Threads/ { print $2 }' "/proc/$pid/status")" >>"$work/$1.samples"
}
slope() { # name column: by the hour, least squares over the second half
  awk -v c="$2" -v from=$((duration / 2)) '$1 >= from { n++; x += $1; y += $c; xx += $1 * $1; xy += $1 * $c } END { d = n * xx - x * x; printf "%.1f", d ? (n * xy - x * y) / d * 3600 : 0 }' "$work/$1.samples"
}

start backend "$bench" backend $backend
start redis redis-server --port $redis --bind 127.0.0.1 --save "" --appendonly no --dir "$work"
until_open $redis
echo -n 7:churn-secret >"$work/secret"
route=$(printf '{"addr":"","clientsecret":"7:churn-secret","tlsport":0,"httpport":0,"user":"7"}' | base64 -w0)
redis-cli -p $redis set '/tcprouter/service/*.bench' "{\"Key\":\"/tcprouter/service/*.bench\",\"Value\":\"$route\"}" >/dev/null
start node $GATEWAYD --state "$work/node" --roles router --redis "redis://127.0.0.1:$redis" --admin 127.0.0.1:0 --log-level error \
  --router-tls-listen "127.0.0.1:$visitors" --router-http-listen 127.0.0.1:0 --router-tunnel-listen "127.0.0.1:$tunnel"
until_open $tunnel
start line "$bench" delay $line $tunnel 2
until_open $line
start client $GATEWAY expose --local "127.0.0.1:$backend" --remote "127.0.0.1:$line" --secret-file "$work/secret" --backoff 1
until_open $visitors

SECONDS=0 served=0
while [ $SECONDS -lt $duration ]; do
  served=$((served + $("$bench" load hello $visitors 0.5 2 2>/dev/null | cut -d' ' -f1 || echo 0)))
  # Whoever connects here cuts the line.
  is_open $((line + 1)) || true
  for name in node client; do sample $name; done
  sleep 0.4
done
for name in node client; do
  echo "$name: $(slope $name 2) KiB, $(slope $name 3) descriptors, $(slope $name 4) threads an hour" >&2
done
echo "cuts=$(wc -l <"$work/node.samples") served=$served node_kib_hour=$(slope node 2) node_fds_hour=$(slope node 3) client_kib_hour=$(slope client 2) client_fds_hour=$(slope client 3)"
