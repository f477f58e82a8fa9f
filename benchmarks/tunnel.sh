#!/usr/bin/env bash
# Our tunnel, over connections of its own (direct) and through its session (yamux, and yamux in TLS), beside OpenSSH -R (aes-gcm) and
# plain loopback: the same backend, the same visitors. CPU is that of the busier end of the tunnel. Rounds take turns, medians count.
# --quick: what a minute allows.
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=3 seconds=3 streams="1 32" peers="direct yamux tls ssh loopback" far=6 losses=30 pairs=5 warm=30 quick=
[ "${1:-}" = --quick ] && rounds=1 seconds=1 streams=1 peers="direct yamux ssh loopback" far=3 losses=5 pairs=3 warm=9 quick=yes

. benchmarks/common.sh
need redis-server:redis-server libsodium.so.23:libsodium23 openssl:openssl curl:curl ssh:openssh-client sshd:openssh-server ip:iproute2
if [ -z "${BENCH_NO_BUILD:-}" ]; then
  build
  dotnet build benchmarks/tunnel -c Release -v quiet >&2
fi
apart "$@"
bench=benchmarks/tunnel/bin/Release/net10.0/tunnel-benchmark
ulimit -n "$(ulimit -Hn)"
hz=$(getconf CLK_TCK)

backend=15601 redis=15602
visitors() { case $1 in loopback) echo $backend ;; direct) echo 15611 ;; yamux) echo 15621 ;; tls) echo 15631 ;; ssh) echo 15641 ;; esac; }
tunnels() { echo $(($(visitors "$1") + 1)); }
admin() { echo $(($(visitors "$1") + 2)); }
ours=
for name in direct yamux tls; do case " $peers " in *" $name "*) ours="$ours $name" ;; esac; done

start() { # name command...: in the background
  local name=$1
  shift
  "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
  echo $! >"$work/$name.pid"
}
stop() { # name
  kill "$(cat "$work/$1.pid")" 2>/dev/null || true
  while kill -0 "$(cat "$work/$1.pid")" 2>/dev/null; do sleep 0.05; done
}
until_true() {
  for _ in $(seq 300); do
    "$@" && return
    sleep 0.1
  done
  echo "never came true: $*" >&2
  tail -n 3 "$work"/*.log >&2
  exit 1
}
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
is_served() { [ "$("$bench" load hello "$1" 0.1 1 2>/dev/null | cut -d' ' -f1)" != 0 ]; }
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
calc() { awk "BEGIN { printf \"$1\", $2 }"; }
record() { echo "$4" >>"$work/$1.$2.$3"; } # peer trial unit value
value() { median <"$work/$1.$2.$3"; }

explain() { # how visits and sessions ended, as each of those in between tells it
  tail -n 20 "$work"/*.log
  for name in $ours; do echo "$name:" && curl -s "http://127.0.0.1:$(admin "$name")/metrics" | grep -E '^gateway_router_(connections|tunnel)'; done
}
node() { # name: a gatewayd with a tunnel port
  start "$1" $GATEWAYD --state "$work/$1" --roles router --redis "redis://127.0.0.1:$redis" --admin "127.0.0.1:$(admin "$1")" --log-level warning \
    --router-tls-listen "127.0.0.1:$(visitors "$1")" --router-http-listen 127.0.0.1:0 --router-tunnel-listen "127.0.0.1:$(tunnels "$1")" \
    --router-tunnels-per-address 5000 --router-tunnels-per-secret 5000 --router-tunnel-handshakes-per-second 1000
}
client() { # name remote flags...
  local name=$1 remote=$2
  shift 2
  start "$name" $GATEWAY expose --local "127.0.0.1:$backend" --remote "$remote" --secret-file "$work/secret" "$@"
  until_true grep -q connected "$work/$name.log"
}
pin() { # the key of a node's tunnel port
  openssl s_client -connect "127.0.0.1:$(tunnels "$1")" </dev/null 2>/dev/null | openssl x509 -pubkey -noout | openssl pkey -pubin -outform der | sha256sum | cut -c1-64
}
near() { # the client of a peer, without a line between
  case $1 in
    direct) client direct.client "tls://127.0.0.1:$(tunnels direct)#sha256:$(pin direct)" ;;
    yamux) client yamux.client "127.0.0.1:$(tunnels yamux)" --no-direct ;;
    tls) client tls.client "tls://127.0.0.1:$(tunnels tls)#sha256:$(pin tls)" --no-direct ;;
  esac
}
ticks() { # peer: "server client"
  case $1 in loopback) echo 0 0 ;; *) echo "$(cpu_ticks "$(cat "$work/$1.pid")") $(cpu_ticks "$(cat "$work/$1.client.pid")")" ;; esac
}
measure() { # peer kind clients: prints "amount p50 p99 server-ticks client-ticks"
  local server client server_after client_after out
  read -r server client < <(ticks "$1")
  out=$("$bench" load "$2" "$(visitors "$1")" "$seconds" "$3")
  read -r server_after client_after < <(ticks "$1")
  echo "$out $((server_after - server)) $((client_after - client))"
}
busier() { echo $(($1 > $2 ? $1 : $2)); }
bulk() { # peer streams
  local amount p50 p99 server client
  read -r amount p50 p99 server client < <(measure "$1" down "$2")
  record "$1" "down$2" rate "$(calc %.2f "$amount / $seconds / 2^30")"
  record "$1" "down$2" cpu "$(calc %.3f "$(busier "$server" "$client") / $hz / ($amount / 2^30)")"
  echo "down, $2 streams, $1: $(tail -1 "$work/$1.down$2.rate") GiB/s, CPU s/GiB: server $(calc %.3f "$server / $hz / ($amount / 2^30)"), client $(calc %.3f "$client / $hz / ($amount / 2^30)")" >&2
}
each() { # peer kind clients: what is counted one by one
  local amount p50 p99 server client
  read -r amount p50 p99 server client < <(measure "$1" "$2" "$3")
  record "$1" "$2$3" rate "$(calc %d "$amount / $seconds")"
  record "$1" "$2$3" cpu "$(calc %.1f "$(busier "$server" "$client") / $hz / $amount * 1000000")"
  record "$1" "$2$3" server "$(calc %.1f "$server / $hz / $amount * 1000000")"
  echo "$2, $3 clients, $1: $(tail -1 "$work/$1.$2$3.rate")/s, CPU µs each: server $(calc %.1f "$server / $hz / $amount * 1000000"), client $(calc %.1f "$client / $hz / $amount * 1000000"), p50 $p50 µs, p99 $p99 µs" >&2
}
resident() { # name: MiB
  calc %.0f "$(awk '/^VmRSS/ { print $2 }' "/proc/$(cat "$work/$1.pid")/status") / 1024"
}

# The backend, the routes, the peers.
start backend "$bench" backend $backend
start redis redis-server --port $redis --bind 127.0.0.1 --save "" --appendonly no --dir "$work"
until_true is_open $redis
echo -n 7:benchmark-secret >"$work/secret"
route=$(printf '{"addr":"","clientsecret":"7:benchmark-secret","tlsport":0,"httpport":0,"user":"7"}' | base64 -w0)
redis-cli -p $redis set '/tcprouter/service/*.bench' "{\"Key\":\"/tcprouter/service/*.bench\",\"Value\":\"$route\"}" >/dev/null
for name in $ours; do node "$name"; done
ssh-keygen -q -t ed25519 -N "" -f "$work/host" && ssh-keygen -q -t ed25519 -N "" -f "$work/user"
cat >"$work/sshd.conf" <<CONF
ListenAddress 127.0.0.1
HostKey $work/host
AuthorizedKeysFile $work/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
CONF
mkdir -p /run/sshd
start ssh /usr/sbin/sshd -D -e -f "$work/sshd.conf" -p "$(tunnels ssh)"
for name in $ours; do until_true is_open "$(tunnels "$name")"; done
until_true is_open "$(tunnels ssh)"
for name in $ours; do near "$name"; done
start ssh.client ssh -N -R "$(visitors ssh):127.0.0.1:$backend" -p "$(tunnels ssh)" -i "$work/user" -c aes128-gcm@openssh.com \
  -o ExitOnForwardFailure=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null 127.0.0.1
for peer in $peers; do until_true is_served "$(visitors "$peer")"; done
# OpenSSH has the same exercise.
exercise() { # kind
  local loads=() peer
  for peer in $ours ssh; do
    "$bench" load "$1" "$(visitors "$peer")" 1 8 &
    loads+=($!)
  done
  wait "${loads[@]}"
}
exercised "hello echo down" "$(for name in $ours; do cat "$work/$name.pid" "$work/$name.client.pid"; done)" -- exercise

for _ in $(seq $rounds); do
  for count in $streams; do for peer in $peers; do bulk "$peer" "$count"; done; done
  for peer in $peers; do each "$peer" echo 64; done
  for peer in $peers; do each "$peer" hello 16; done
done

# One who reads nothing beside one who does.
for _ in $(seq $pairs); do
  alone=$("$bench" load down "$(visitors yamux)" "$seconds" 1 | cut -d' ' -f1)
  "$bench" stall "$(visitors yamux)" $((seconds + 5)) 1 &
  stalled=$!
  sleep 0.3
  beside=$("$bench" load down "$(visitors yamux)" "$seconds" 1 | cut -d' ' -f1)
  kill $stalled
  wait $stalled 2>/dev/null || true
  record yamux stall cost "$(calc %.2f "1 - $beside / $alone")"
done
stall_cost=$(value yamux stall cost)
for name in $ours; do
  echo "one connection for each request, $name: $(calc %.1f "$(value "$name" hello16 rate) / $(value ssh hello16 rate)") × OpenSSH's rate, plain loopback $(calc %.1f "$(value loopback hello16 rate) / $(value "$name" hello16 rate)") × ours" >&2
  echo "requests over kept connections, $name: $(calc %.2f "$(value "$name" echo64 cpu) / $(value ssh echo64 cpu)") × OpenSSH's CPU at the busier end, $(calc %.2f "$(value "$name" echo64 server) / $(value ssh echo64 server)") × at the server's; $(calc %.2f "$(value "$name" echo64 rate) / $(value ssh echo64 rate)") × its rate" >&2
done
echo "a stalled stream costs another $stall_cost of its rate" >&2

if [ -z "$quick" ]; then
  "$bench" load idle "$(visitors yamux)" 5 1000 >"$work/idle.log" &
  until_true grep -q open "$work/idle.log"
  # A session takes 1,024 streams at once.
  each yamux echo 16
  echo "the line above was beside 1000 open streams; the node has $(resident yamux) MiB, its client $(resident yamux.client)" >&2
  for count in 100 1000; do
    start swarm "$bench" swarm "$(tunnels tls)" $count 7:benchmark-secret
    until_true grep -q up "$work/swarm.log"
    echo "a node with $count sessions has $(resident tls) MiB" >&2
    stop swarm
  done
fi

# Lines with a round trip of 40 and of 150 ms between the ends of the tunnel.
for name in $ours; do stop $name.client; done
start line40 "$bench" delay 15651 "$(tunnels direct)" 40
start line150 "$bench" delay 15661 "$(tunnels yamux)" 150
start plain40 "$bench" delay 15671 $backend 40
for port in 15651 15661 15671; do until_true is_open $port; done
client direct.client "tls://127.0.0.1:15651#sha256:$(pin direct)"
client yamux.client 127.0.0.1:15661 --no-direct
for port in "$(visitors direct)" "$(visitors yamux)"; do until_true is_served "$port"; done
"$bench" load hello "$(visitors direct)" 1 4 >/dev/null
mibs() { calc %.0f "$("$bench" load down "$1" "$far" 1 | cut -d' ' -f1) / $far / 2^20"; }
plain40=$(mibs 15671)
direct40=$(mibs "$(visitors direct)")
yamux150=$(mibs "$(visitors yamux)")
echo "one stream at 40 ms: direct $direct40 MiB/s, plain $plain40 MiB/s; at 150 ms: yamux $yamux150 MiB/s" >&2

# The line is cut, and heals at once.
sleep 1
read -r lost50 lost99 < <("$bench" reconnect "$(visitors direct)" 15652 $losses)
echo "away after a cut at 40 ms: p50 $lost50 ms, p99 $lost99 ms of $losses" >&2
echo "idle: node $(resident direct) MiB, client $(resident direct.client) MiB" >&2

echo "it took $SECONDS s" >&2
echo "direct_cpu_gib=$(value direct down1 cpu) yamux_cpu_gib=$(value yamux down1 cpu) yamux_gibs_vs_ssh=$(calc %.2f "$(value yamux down1 rate) / $(value ssh down1 rate)")" \
  "direct_us_req=$(value direct echo64 cpu) yamux_us_req=$(value yamux echo64 cpu) stall_cost=$stall_cost rtt40_direct_mibs=$direct40" \
  "rtt150_gain=$(calc %.0f "$yamux150 / (256 / 1024 / 0.150)") reconnect_ms_p50=$lost50 reconnect_ms_p99=$lost99"
