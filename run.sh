#!/usr/bin/env bash
# Builds Gateway and runs a whole node on loopback. `./run.sh --tour` walks through the product by itself.
# Every other argument goes to gatewayd; `./run.sh --help` lists what it takes.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/common.sh

mode=run
[ "${1:-}" = "--tour" ] && { mode=tour; shift; }

need_dotnet
need redis-server:redis-server libsodium.so.23:libsodium23 curl:curl
[ "$mode" = tour ] && need dig:bind9-dnsutils openssl:openssl
build

if [ "$mode" = tour ]; then
  exec scripts/tour.sh "$@"
fi
exec scripts/node.sh "$@"
