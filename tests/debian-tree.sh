# Shared by packages.sh and from-packages.sh: a fresh Debian in a directory, with a systemd of its own as process 1 of its own
# namespaces. Callers set $work (a directory that goes with them) and call `tree_end` at their end. Needs root.

tree=$work/tree
tree_boot=            # what started it
tree_group=           # its control group

step() { say "✓ $*"; }
fail() { say "✗ $*"; [ -z "$tree_boot" ] || tell_units; exit 1; }
tell_units() { # what each unit of ours said last
  for unit in $(inside systemctl list-units --all --plain --no-legend 'gateway*' hello.service | cut -d' ' -f1); do
    say "-- $unit: $(inside systemctl show -P ActiveState -P StatusText "$unit" | xargs -d '\n')"
    inside journalctl --no-pager -b -n 40 -o cat -u "$unit" >&2 || true
  done
}
until_true() { local end=$((SECONDS + $1)); shift; until "$@"; do [ "$SECONDS" -lt "$end" ] || return 1; sleep 0.2; done; }
quiet() { "$@" >/dev/null 2>&1; }

clean() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"; }

# Runs a command in the tree: beside its systemd when that runs.
inside() {
  if [ -n "$tree_boot" ]; then clean nsenter -t "$(tree_init)" -m -p -n -u -i -C -r -w "$@"; else clean chroot "$tree" "$@"; fi
}

tree_init() { pgrep -P "$tree_boot" | head -n 1; }

# tree_make PACKAGE-FILE…  a tree with these files in /opt, and everything they depend on ready to be installed.
tree_make() {
  if [ -n "${GATEWAY_BASE_TREE:-}" ]; then
    cp -a "$GATEWAY_BASE_TREE" "$tree"
  else
    # It comes from where this machine's own packages come from.
    local archive
    archive=$(apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' | sed -n 's/^bookworm //p' | head -n 1)
    debootstrap --variant=minbase --include=systemd,systemd-sysv,iproute2,procps,curl bookworm "$tree" "$archive" >"$work/debootstrap.log" 2>&1 ||
      { tail -n 20 "$work/debootstrap.log" >&2; fail "debootstrap"; }
  fi
  cp "$@" "$tree/opt/"
  cp /etc/resolv.conf "$tree/etc/resolv.conf"
  [ -n "${GATEWAY_BASE_TREE:-}" ] || inside apt-get update -qq
  inside apt-get install -qq --no-install-recommends --download-only "${packages[@]}" >"$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log" >&2; fail "the packages' dependencies"; }
}

# tree_start NETWORK-NAMESPACE  boots it. What a container's host does: mounts, devices, a control group.
tree_start() {
  local groups
  groups=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
  [ -n "$groups" ] || fail "no cgroup2 is mounted on this machine, and systemd needs one"
  tree_group=$groups/gateway-$$
  mkdir "$tree_group"
  # The control group first: `ip netns exec` hides those of this machine.
  # shellcheck disable=SC2016
  (
    echo "$BASHPID" >"$tree_group/cgroup.procs"
    exec ip netns exec "$1" unshare --mount --pid --fork --uts --ipc --cgroup --kill-child=KILL bash -c '
      set -e
      mount --make-rprivate /
      mount --bind "$1" "$1"
      cd "$1"
      mount -t proc proc proc
      mount -t sysfs -o ro sysfs sys
      mount -t tmpfs tmpfs sys/fs/cgroup
      mount -t cgroup2 cgroup2 sys/fs/cgroup
      mount -t tmpfs -o mode=755 tmpfs dev
      for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
      mkdir dev/pts dev/shm
      ln -s /proc/self/fd dev/fd
      ln -s pts/ptmx dev/ptmx
      mount -t tmpfs -o mode=1777 tmpfs dev/shm
      mount -t tmpfs -o mode=755 tmpfs run
      mkdir -p .host
      pivot_root . .host
      umount -l /.host
      # Credentials reach a service by propagation.
      mount --make-rshared /
      hostname node
      exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=lxc TERM=dumb /lib/systemd/systemd --log-target=journal --show-status=false
    ' tree "$tree"
  ) >"$work/boot.log" 2>&1 </dev/null &
  tree_boot=$!
  until_true 60 is_up || { cat "$work/boot.log" >&2; tree_boot=; fail "systemd does not come up in the tree"; }
}

is_up() { [ -n "$(tree_init)" ] && case "$(inside systemctl is-system-running 2>/dev/null)" in running | degraded) ;; *) false ;; esac; }

tree_stop() {
  [ -n "$tree_boot" ] || return 0
  kill -KILL "$(tree_init)" "$tree_boot" 2>/dev/null || true
  wait "$tree_boot" 2>/dev/null || true
  tree_boot=
  until_true 10 quiet find "$tree_group" -depth -type d -exec rmdir {} + || true
}

tree_end() {
  tree_stop
  rm -rf --one-file-system "$work"
}

is_active() { [ "$(inside systemctl is-active "$1")" = active ]; }
