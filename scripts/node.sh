#!/usr/bin/env bash
# Runs gatewayd in front of the terminal, and shows what listens where as soon as it does.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

case "${1:-}" in
  options | check-config | accept-loss | --help | -h | --version) exec "$GATEWAYD" "$@" ;;
esac

arguments=("$@")
# A domain to try things with, unless the user names his own.
case " $* " in
  *" --domains"* | *" --config"*) ;;
  *) [ -n "${GATEWAY_DOMAINS:-}" ] || arguments+=(--domains gw.test --nameservers ns1.gw.test) ;;
esac

exec "$GATEWAYD" --banner=true "${arguments[@]}"
