#!/usr/bin/env bash
# Installs what the tests need, builds with warnings as errors, checks the format, runs every test.
# The last line reads: N passed, N failed
set -uo pipefail
cd "$(dirname "$0")"
. scripts/common.sh

need_dotnet
need redis-server:redis-server libsodium.so.23:libsodium23 curl:curl dig:bind9-dnsutils kdig:knot-dnsutils openssl:openssl \
  haproxy:haproxy nginx:nginx /usr/lib/nginx/modules/ngx_stream_module.so:libnginx-mod-stream varnishtest:varnish \
  slowhttptest:slowhttptest h2load:nghttp2-client systemd-analyze:systemd promtool:prometheus ip:iproute2 nft:nftables nsd:nsd knotd:knot named:bind9 named-checkzone:bind9-utils unbound:unbound chromium:chromium zsh:zsh /usr/lib/python3/dist-packages/yaml:python3-yaml

say "Building with warnings as errors …"
dotnet build Gateway.sln -c Release -v quiet || { echo "0 passed, 1 failed"; exit 1; }

passed=0 failed=0
check() { # name command…: counts as one test
  if "${@:2}"; then passed=$((passed + 1)); else failed=$((failed + 1)); say "FAILED: $1"; fi
}
check "code is formatted" dotnet format Gateway.sln --no-restore --verify-no-changes --severity error
check "a minute of hostile octets breaks no rule" tests/Gateway.Fuzz/bin/Release/net10.0/Gateway.Fuzz --seconds "${FUZZ_SECONDS:-60}" --seed "${FUZZ_SEED:-1}"

run() { # suite filter…: prints what the tests print and leaves it in $log
  "tests/Gateway.$1/bin/Release/net10.0/Gateway.$1" -noColor "${@:2}" 2>&1 | tee "$log"
  cat "$log" >>"$TEST_LOGS/$1.log"
}
count() { # word: the number behind it in the summary of $log
  grep -E 'Total: [0-9]+' "$log" | tail -n 1 | grep -oE "$1: [0-9]+" | grep -oE '[0-9]+' || printf 0
}
failures() { grep -oE '^ +Gateway\.[A-Za-z0-9_.]+.* \[FAIL\]' "$log" | sed -E 's/^ +//; s/[( ].*//' | sort -u; }

log=$(mktemp)
TEST_LOGS=$(mktemp -d)
export TEST_LOGS
trap 'rm -rf "$log" "$TEST_LOGS"' EXIT
for suite in UnitTests IntegrationTests EndToEndTests; do
  run $suite
  total=$(count Total)
  skipped=$(count Skipped)
  bad=$(($(count Errors) + $(count Failed)))
  # A suite that printed no summary died, and one that ran nothing proves nothing.
  [ "$total" -gt 0 ] || bad=$((bad + 1))
  # Tests with real programs, sockets and threads share the machine with whatever else runs on it. What failed in the crowd is tried
  # once more alone, and named; what fails again is broken. More than a handful is no accident.
  mapfile -t again < <(failures)
  if [ "$bad" -gt 0 ] && [ "${#again[@]}" -gt 0 ] && [ "${#again[@]}" -le 5 ] && [ "$(count Errors)" -eq 0 ]; then
    filters=()
    for name in "${again[@]}"; do filters+=(-method "$name"); done
    say "Trying alone what failed in the crowd: ${again[*]}"
    run $suite "${filters[@]}"
    if [ "$(count Total)" -gt 0 ]; then
      bad=$(($(count Errors) + $(count Failed)))
      [ "$bad" -gt 0 ] || say "PASSED ONLY ALONE: ${again[*]}"
    fi
  fi
  passed=$((passed + total - bad - skipped))
  failed=$((failed + bad))
done

check "no program printed a secret" scripts/no-secrets.sh "$TEST_LOGS"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
