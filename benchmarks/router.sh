#!/usr/bin/env bash
# Our router beside Debian's haproxy (plain, and with splice) and nginx (stream ssl_preread, proxy_pass): the same backend, the
# same visitors, a thread of the proxy for each core, and the scheduler's will for all, as on a node. Rounds take turns, medians
# count. --quick: what a minute allows.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=3 seconds=4 idle=9000 hold=4 warm=30 directions="down up" streams="1 8 64" visits="hello handshake" talkers="1 64"
servers="ours haproxy splice nginx" compared=$servers
[ "${1:-}" = --quick ] && seconds=${SECONDS_EACH:-1} idle=1000 hold=2 directions=down streams=8 visits=hello talkers=64 warm=12 servers="ours haproxy splice" compared="ours haproxy"

. benchmarks/common.sh
need haproxy:haproxy nginx:nginx wrk:wrk ip:iproute2 /usr/lib/nginx/modules/ngx_stream_module.so:libnginx-mod-stream
[ -n "${BENCH_NO_BUILD:-}" ] || dotnet build benchmarks/router -c Release -v quiet >&2
apart "$@"
bench=benchmarks/router/bin/Release/net10.0/router-benchmark
ulimit -n "$(ulimit -Hn)"

cpus=$(nproc)

tls_port() { case $1 in ours) echo 15401 ;; haproxy) echo 15402 ;; splice) echo 15403 ;; nginx) echo 15404 ;; esac; }
http_port() { case $1 in ours) echo 15411 ;; nginx) echo 15414 ;; esac; }
backend_port=15421 web_port=15422

start() { # name command...: in the background
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
  echo $! >"$work/$name.pid"
}
resident_kib() {
  local all=0 pid
  for pid in $(family "$1"); do all=$((all + $(awk '/^VmRSS/ { print $2 }' "/proc/$pid/status"))); done
  echo $all
}
until_open() {
  for _ in $(seq 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.1
  done
  echo "nobody listens on port $1" >&2
  tail -n 3 "$work"/*.log >&2
  exit 1
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.2f", a / b; else printf "?" }'; }
record() { echo "$4" >>"$work/$1.$2.$3"; } # server subject unit value
value() { median <"$work/$1.$2.$3"; }

measure() { # server kind clients: prints "amount p50 p99 ticks"
  local pid before out
  pid=$(cat "$work/$1.pid")
  before=$(cpu_ticks "$pid")
  out=$("$bench" load "$2" "$(tls_port "$1")" "$seconds" "$3")
  echo "$out $(($(cpu_ticks "$pid") - before))"
}
bulk() { # server direction streams
  local amount p50 p99 ticks
  read -r amount p50 p99 ticks < <(measure "$1" "$2" "$3")
  record "$1" "$2$3" rate "$(awk -v a="$amount" -v s="$seconds" 'BEGIN { printf "%.2f", a / s / 2^30 }')"
  record "$1" "$2$3" cpu "$(awk -v a="$amount" -v t="$ticks" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.3f", t / hz / (a / 2^30) }')"
  echo "$2 $3 streams $1: $(tail -1 "$work/$1.$2$3.rate") GiB/s, $(tail -1 "$work/$1.$2$3.cpu") CPU s/GiB" >&2
}
each() { # server kind clients: what is counted one by one
  local amount p50 p99 ticks
  read -r amount p50 p99 ticks < <(measure "$1" "$2" "$3")
  record "$1" "$2$3" cpu "$(awk -v a="$amount" -v t="$ticks" -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.1f", t / hz / a * 1000000 }')"
  record "$1" "$2$3" p99 "$p99"
  echo "$2 $3 clients $1: $((amount / seconds))/s, $(tail -1 "$work/$1.$2$3.cpu") CPU µs each, p50 $p50 µs, p99 $p99 µs" >&2
}
idle() { # server: KiB above the process before
  local pid before
  pid=$(cat "$work/$1.pid")
  before=$(resident_kib "$pid")
  "$bench" load idle "$(tls_port "$1")" $hold $idle >"$work/idle.log" &
  local visitors=$!
  for _ in $(seq 600); do
    grep -q open "$work/idle.log" && break
    sleep 0.1
  done
  record "$1" idle kib "$(awk -v a="$(resident_kib "$pid")" -v b="$before" -v n=$idle 'BEGIN { printf "%.1f", (a - b) / n }')"
  wait $visitors
  echo "idle $1: $(tail -1 "$work/$1.idle.kib") KiB each of $idle" >&2
}
pages() { # port seconds: what wrk says; a request that failed ends the run, for the figures would be of something else
  local out
  out=$(wrk -t1 -c32 -d"${2}s" -H "Host: web.bench" "http://127.0.0.1:$1/") || return
  if grep -E "Socket errors|Non-2xx|^ *0 requests in" <<<"$out" >&2; then
    echo "requests of port $1 failed: there is nothing to compare" >&2
    return 1
  fi
  echo "$out"
}
http() { # server
  local pid before out
  pid=$(cat "$work/$1.pid")
  before=$(cpu_ticks "$pid")
  out=$(pages "$(http_port "$1")" "$seconds")
  local requests
  requests=$(awk '/requests in/ { print $1 }' <<<"$out")
  record "$1" http cpu "$(awk -v a="$requests" -v t=$(($(cpu_ticks "$pid") - before)) -v hz="$(getconf CLK_TCK)" 'BEGIN { printf "%.1f", t / hz / a * 1000000 }')"
  echo "http $1: $((requests / seconds)) requests/s, $(tail -1 "$work/$1.http.cpu") CPU µs each" >&2
}

haproxy_file() { # port extra
  cat <<CONF
global
  nbthread $cpus
  maxconn 9400
  maxpipes 400
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
$2
frontend tls
  bind 127.0.0.1:$1
  tcp-request inspect-delay 5s
  tcp-request content accept if { req_ssl_hello_type 1 }
  use_backend bench if { req_ssl_sni -m end .bench }
backend bench
  server one 127.0.0.1:$backend_port
CONF
}
haproxy_file "$(tls_port haproxy)" "" >"$work/haproxy.cfg"
haproxy_file "$(tls_port splice)" $'  option splice-request\n  option splice-response' >"$work/splice.cfg"
cat >"$work/nginx.conf" <<CONF
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
pid $work/nginx.run;
error_log stderr crit;
worker_processes $cpus;
events { worker_connections 19500; }
stream {
  map \$ssl_preread_server_name \$to { ~\\.bench\$ 127.0.0.1:$backend_port; }
  server { listen 127.0.0.1:$(tls_port nginx) backlog=4096; ssl_preread on; proxy_pass \$to; }
}
http {
  access_log off;
  client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  upstream web { server 127.0.0.1:$web_port; keepalive 64; }
  server { listen 127.0.0.1:$(http_port nginx); location / { proxy_pass http://web; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host \$host; } }
}
CONF
cat >"$work/web.conf" <<CONF
daemon off;
pid $work/web.run;
error_log stderr crit;
worker_processes $cpus;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path $work/wb; proxy_temp_path $work/wp; fastcgi_temp_path $work/wf; uwsgi_temp_path $work/wu; scgi_temp_path $work/ws;
  server { listen 127.0.0.1:$web_port; location / { return 200 "hello\n"; } }
}
CONF
start backend "$bench" backend $backend_port
start web nginx -c "$work/web.conf"
start ours "$bench" serve "$(tls_port ours)" "$(http_port ours)" $backend_port $web_port "$work"
start haproxy haproxy -f "$work/haproxy.cfg" -db
start splice haproxy -f "$work/splice.cfg" -db
start nginx nginx -c "$work/nginx.conf"
for port in $backend_port $web_port $(for server in $servers; do tls_port $server; done) "$(http_port ours)"; do until_open "$port"; done
exercise() { "$bench" load "$1" "$(tls_port ours)" 1 16; }
exercised "hello down echo hello up echo" "$(cat "$work/ours.pid")" -- exercise
pages "$(http_port ours)" 4 >/dev/null

for round in $(seq $rounds); do
  for direction in $directions; do
    for count in $streams; do for server in $servers; do bulk $server $direction "$count"; done; done
  done
  for visit in $visits; do for server in $compared; do each $server "$visit" 16; done; done
  for count in $talkers; do for server in $compared; do each $server echo "$count"; done; done
  for server in ours nginx; do http $server; done
done
for server in $compared; do idle $server; done

echo "gibs_vs_haproxy=$(ratio "$(value ours down8 rate)" "$(value haproxy down8 rate)")" \
  "cpu_gib_vs_haproxy=$(ratio "$(value ours down8 cpu)" "$(value haproxy down8 cpu)")" \
  "cpu_gib_vs_haproxy_splice=$(ratio "$(value ours down8 cpu)" "$(value splice down8 cpu)")" \
  "cpu_conn_vs_haproxy=$(ratio "$(value ours hello16 cpu)" "$(value haproxy hello16 cpu)")" \
  "cpu_rtt_vs_haproxy=$(ratio "$(value ours echo64 cpu)" "$(value haproxy echo64 cpu)")" \
  "idle_kib=$(value ours idle kib)" \
  "http_cpu_vs_nginx=$(ratio "$(value ours http cpu)" "$(value nginx http cpu)")"
