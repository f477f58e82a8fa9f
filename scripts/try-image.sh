#!/usr/bin/env bash
# Runs what packaging/Dockerfile makes, without a container engine: a root directory with the files of the packages that it installs and
# of those they need, what it copies, and nothing else, entered as its user. Needs root, and a Debian with those packages.
# usage: scripts/try-image.sh [directory of the published client]   default: out/client
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

directory=${1:-out/client}
file=packaging/Dockerfile
packages=$(sed -n 's/.*--no-install-recommends \([^\\&]*\).*/\1/p' "$file")
read -r what where < <(sed -n 's/^COPY //p' "$file")
user=$(sed -n 's/^USER //p' "$file")
entry=$(sed -n 's/^ENTRYPOINT \["\(.*\)"\]/\1/p' "$file")

need libssl.so.3:libssl3 libsodium.so.23:libsodium23 openssl:openssl
root=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$root" "$root.tls"' EXIT
chmod 755 "$root"

closure() { # packages…: they and what they depend on, as far as it is a library or data
  local seen=" " todo=("$@") package
  while [ ${#todo[@]} -gt 0 ]; do
    package=${todo[0]} todo=("${todo[@]:1}")
    case "$seen" in *" $package "*) continue ;; esac
    seen="$seen$package "
    for needed in $(dpkg-query -W -f '${Depends}, ${Pre-Depends}\n' "$package" 2>/dev/null | tr ',|' '\n\n' | awk '{ print $1 }' | sed 's/:any//'); do
      case "$needed" in lib* | gcc-*) todo+=("$needed") ;; esac
    done
  done
  echo "$seen"
}
# The merged directories first, or files would be put beside the links.
for link in bin lib lib64 sbin; do [ ! -L "/$link" ] || cp -a "/$link" "$root/"; done
mkdir -p "$root"/usr/{bin,lib,lib64,sbin}
for package in $(closure base-files base-passwd $packages); do dpkg -L "$package" 2>/dev/null || true; done |
  grep -vE '^/(usr/share/(doc|man|locale)/.*|\.|bin|lib|lib64|sbin)$' | sort -u | while read -r path; do [ -e "$path" ] && echo "${path#/}"; done |
  tar -C / --no-recursion -c -T - | tar -C "$root" --keep-directory-symlink -x
# What the package makes when it is configured.
cp -a --parents /etc/ssl/certs "$root"
mkdir -p "$root/proc" "$root/dev" "$root/tmp" "$root$(dirname "$where")"
cp "$directory/$what" "$root$where"

inside() { # words…: the image's program with these, as its user, in a root that it cannot write to, with what every container has
  timeout -k 2 "${LIMIT:-60}" unshare --mount --pid --fork sh -c '
    root=$1 user=$2
    shift 2
    mount --bind "$root" "$root" && mount -o remount,ro,bind "$root"
    mount -t proc proc "$root/proc" && mount --rbind /dev "$root/dev" && mount -t tmpfs -o mode=1777 tmp "$root/tmp"
    exec chroot --userspec="$user" "$root" "$@"' sh "$root" "$user" "$entry" "$@"
}
expect() { # what text words…
  local said
  said=$(inside "${@:3}" 2>&1) || true
  case "$said" in
    *"$2"*) say "$1." ;;
    *) say "NOT SO: $1. It said: $said"; exit 1 ;;
  esac
}

expect "The client starts" gateway --help
expect "It signs, with libsodium" '"identity"' identity new --json --identity /tmp/seed
# A handshake with somebody who has another key than the one that is pinned.
mkdir -p "$root.tls"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=other -keyout "$root.tls/key" -out "$root.tls/certificate" 2>/dev/null
port=$((20000 + RANDOM % 10000))
openssl s_server -quiet -accept "127.0.0.1:$port" -key "$root.tls/key" -cert "$root.tls/certificate" >/dev/null 2>&1 < <(sleep 100) &
server=$!
LIMIT=${TRY_SECONDS:-10} expect "It speaks TLS, with OpenSSL, and knows whom it does not know" "the gateway's key is sha256:" \
  expose http://127.0.0.1:1 --remote "tls://127.0.0.1:$port#sha256:$(printf 'a%.0s' $(seq 64))" --secret 7:none
LIMIT=${TRY_SECONDS:-10} expect "It asks whom the image trusts" "certificate is not trusted here" \
  expose http://127.0.0.1:1 --remote "tls://127.0.0.1:$port" --secret 7:none
say "The image's files are $(du -sm "$root" | cut -f1) MiB without those of the base image that nobody needed."
