# Shared by the benchmarks that run peers side by side: a place for their files, their end, and the CPU they used.
. scripts/common.sh
# BENCH_GATEWAYD=/usr/bin/gatewayd BENCH_GATEWAY=/usr/bin/gateway: a package's programs, which are compiled beforehand, are measured instead.
GATEWAYD=${BENCH_GATEWAYD:-$GATEWAYD}
GATEWAY=${BENCH_GATEWAY:-$GATEWAY}
export PATH=$PATH:/usr/sbin

work=$(mktemp -d)
pids=()
finish() {
  # What ended a run in its middle is in the servers' own words, which are about to be gone.
  [ $? -eq 0 ] || explain >&2 || true
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT
explain() { # a script that knows more may say more
  tail -n 5 "$work"/*.log 2>/dev/null
}

# apart "$@": the script goes on in a network of its own. There every port is free, and all servers have the same congestion control,
# whatever the machine is set to: BENCH_CONGESTION, or cubic, as Linux has it by itself. (BBR sets a timer for nearly every burst,
# which on a loopback measures the timers of the machine.)
apart() {
  [ -z "${BENCH_APART:-}" ] || return 0
  local as=()
  [ "$(id -u)" -eq 0 ] || as=(--map-root-user)
  rm -rf "$work"
  BENCH_APART=yes BENCH_NO_BUILD=yes exec unshare --net "${as[@]}" bash -c \
    'ip link set lo up && sysctl -qw net.ipv4.tcp_congestion_control="${BENCH_CONGESTION:-cubic}" && exec "$@"' - "benchmarks/$(basename "$0")" "$@"
}

family() { # a process and all below it
  echo "$1"
  local child
  for child in $(pgrep -P "$1"); do family "$child"; done
}
cpu_ticks() {
  local all=0 pid
  # The program's name comes first, in brackets, and may hold blanks.
  for pid in $(family "$1"); do all=$((all + $(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f12,13 | tr ' ' '+'))); done
  echo $all
}
# exercised kinds pids -- command...: a node runs for weeks, and its just-in-time compiler for the first seconds of them. Has the
# command run with one kind of load after another until the compilers of these processes have found no work
# for a whole turn, or $warm runs are over.
exercised() {
  local kinds=$1 of=$2 run=0 calm=0 kind before
  shift 3
  while [ $calm -lt "$(wc -w <<<"$kinds")" ] && [ $run -lt "$warm" ]; do
    for kind in $kinds; do
      before=$(compiler_ticks $of)
      "$@" "$kind" >/dev/null
      run=$((run + 1))
      if [ $(($(compiler_ticks $of) - before)) -gt 3 ]; then calm=0; else calm=$((calm + 1)); fi
    done
  done
}
compiler_ticks() { # pids: of the threads that compile, which end when they have nothing to do
  local all=0 pid task used
  for pid in "$@"; do
    for task in /proc/"$pid"/task/*; do
      grep -q '^.NET Tiered' "$task/comm" 2>/dev/null || continue
      used=$(sed 's/.*) //' "$task/stat" 2>/dev/null | cut -d' ' -f12,13 | tr ' ' '+') || used=0
      all=$((all + ${used:-0}))
    done
  done
  echo $all
}
