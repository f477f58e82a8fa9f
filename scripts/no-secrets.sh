#!/usr/bin/env bash
# Looks for every secret that a test run used in everything that its programs printed.
# Usage: scripts/no-secrets.sh DIRECTORY   with the file `secrets`, one a line, and any number of *.log
# Exits 0 when there were secrets and logs, and none of the one is in the other.
set -euo pipefail
directory=$1
fail() { printf '✗ %s\n' "$*" >&2; exit 1; }

find_secrets() { grep -rlF --include='*.log' -f "$1/secrets" "$1" || [ $? -eq 1 ]; }

[ -s "$directory/secrets" ] || fail "no secret was noted in $directory: this proves nothing"
! grep -q '^.\{0,15\}$' "$directory/secrets" || fail "a noted secret is shorter than 16 characters, and would be found everywhere"
[ -n "$(find "$directory" -name '*.log' -size +0)" ] || fail "no log was kept in $directory: this proves nothing"

# What cannot find a planted secret cannot find a real one.
planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
cp "$directory/secrets" "$planted/secrets"
printf 'info: the password is %s, says the log\n' "$(tail -n 1 "$directory/secrets")" >"$planted/planted.log"
[ -n "$(find_secrets "$planted")" ] || fail "a planted secret was not found"

found=$(find_secrets "$directory")
[ -z "$found" ] || fail "a secret stands in $(tr '\n' ' ' <<<"$found")"
printf '%s secrets, none of them in %s bytes of logs\n' "$(sort -u "$directory/secrets" | wc -l)" "$(find "$directory" -name '*.log' -exec cat {} + | wc -c)" >&2
