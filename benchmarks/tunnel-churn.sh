#!/usr/bin/env bash
# A tunnel whose line is cut every second, for an hour (--quick: a minute), with visitors between the cuts. Prints
# the slopes by the hour, after a warm-up: of memory, descriptors and threads of both ends, and of the node's tasks (each connection
# has one, which ends when everything else of it has), the work that waits for a thread, the timers (whatever waits with a deadline
# has one) and the memory that its objects take; and how many visitors were served.
set -euo pipefail
cd "$(dirname "$0")/.."
duration=${CHURN_SECONDS:-3600} every=10
[ "${1:-}" = --quick ] && duration=60 every=1

. benchmarks/common.sh
need redis-server:redis-server libsodium.so.23:libsodium23 curl:curl ip:iproute2
if [ -z "${BENCH_NO_BUILD:-}" ]; then
  build
  dotnet build benchmarks/tunnel -c Release -v quiet >&2
fi
apart "$@"
bench=benchmarks/tunnel/bin/Release/net10.0/tunnel-benchmark
backend=15801 redis=15802 visitors=15811 tunnel=15812 admin=15813 line=15821

# What is kept is looked for, not what lies ready: the C library holds an arena for each thread that allocates, and the runtime a
# nursery as large as it finds worth while, and both grow for hours without a byte that anybody keeps.
export MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536 DOTNET_GCgen0size=400000

start() { # name command...
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
  echo $! >"$work/$name.pid"
}
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
until_open() { for _ in $(seq 300); do is_open "$1" && return; sleep 0.1; done; echo "nobody listens on $1" >&2; exit 1; }
of_process() { # pid: KiB, descriptors, threads
  echo "$(awk '/^VmRSS/ { print $2 }' "/proc/$1/status") $(ls "/proc/$1/fd" | wc -l) $(ls "/proc/$1/task" | wc -l)"
}
of_metrics() { # timers, KiB of objects, tasks, work that waits for a thread
  curl -s "http://127.0.0.1:$admin/metrics" |
    awk '{ value[$1] = $2 }
      END { printf "%d %d %d %d", value["dotnet_timers"], value["dotnet_gc_heap_bytes"] / 1024, value["gateway_router_tasks"], value["dotnet_thread_pool_queue_length"] }'
}
sample() {
  echo "$SECONDS $(of_process "$(cat "$work/node.pid")") $(of_metrics)" >>"$work/node.samples"
  echo "$SECONDS $(of_process "$(cat "$work/client.pid")")" >>"$work/client.samples"
}
slope() { # name column: by the hour, least squares over the second half
  awk -v c="$2" -v from=$((duration / 2)) '$1 >= from { n++; x += $1; y += $c; xx += $1 * $1; xy += $1 * $c } END { d = n * xx - x * x; printf "%.1f", d ? (n * xy - x * y) / d * 3600 : 0 }' "$work/$1.samples"
}
ends() { # name column: what it was in the middle and at the end
  awk -v c="$2" -v from=$((duration / 2)) '$1 >= from { if (!n++) first = $c; last = $c } END { printf "%d to %d", first, last }' "$work/$1.samples"
}

start backend "$bench" backend $backend
start redis redis-server --port $redis --bind 127.0.0.1 --save "" --appendonly no --dir "$work"
until_open $redis
echo -n 7:churn-secret >"$work/secret"
route=$(printf '{"addr":"","clientsecret":"7:churn-secret","tlsport":0,"httpport":0,"user":"7"}' | base64 -w0)
redis-cli -p $redis set '/tcprouter/service/*.bench' "{\"Key\":\"/tcprouter/service/*.bench\",\"Value\":\"$route\"}" >/dev/null
start node $GATEWAYD --state "$work/node" --roles router --redis "redis://127.0.0.1:$redis" --admin 127.0.0.1:$admin --log-level error \
  --router-tls-listen "127.0.0.1:$visitors" --router-http-listen 127.0.0.1:0 --router-tunnel-listen "127.0.0.1:$tunnel"
until_open $tunnel
start line "$bench" delay $line $tunnel 2
until_open $line
start client $GATEWAY expose --local "127.0.0.1:$backend" --remote "127.0.0.1:$line" --secret-file "$work/secret" --backoff 1
until_open $visitors

SECONDS=0
"$bench" churn $visitors $((line + 1)) "$duration" 10 >"$work/churn" &
churn=$!
while kill -0 $churn 2>/dev/null; do
  sample
  sleep "$every"
done
wait $churn
read -r cuts served unserved longest <"$work/churn"
echo "node: $(slope node 2) KiB resident ($(ends node 2)), $(slope node 6) KiB of objects ($(ends node 6)), $(slope node 3) descriptors ($(ends node 3)), $(slope node 4) threads, $(slope node 7) tasks ($(ends node 7)), $(slope node 8) waiting for a thread ($(ends node 8)), $(slope node 5) timers an hour ($(ends node 5))" >&2
echo "client: $(slope client 2) KiB resident ($(ends client 2)), $(slope client 3) descriptors ($(ends client 3)), $(slope client 4) threads an hour" >&2
echo "away at most $longest ms" >&2
echo "cuts=$cuts served=$served unserved=$unserved node_kib_hour=$(slope node 2) node_fds_hour=$(slope node 3) node_tasks_hour=$(slope node 7) node_timers_hour=$(slope node 5) client_kib_hour=$(slope client 2) client_fds_hour=$(slope client 3)"
