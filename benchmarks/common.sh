# Shared by the benchmarks that run peers side by side: a place for their files, their end, and the CPU they used.
. scripts/common.sh
export PATH=$PATH:/usr/sbin

work=$(mktemp -d)
pids=()
finish() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap finish EXIT

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
