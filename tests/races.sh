#!/usr/bin/env bash
# Two users reserve the same name in the same instant, each at another of two nodes that share a Redis, for as many names as one wants:
# each has one winner, and the other reads why he is not. Then two writers want the same field of Redis, as often. CI races for some thousand.
# Usage: tests/races.sh [NAMES], a hundred thousand by default (some minutes); progress every ten thousand.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

need_dotnet
need redis-server:redis-server libsodium.so.23:libsodium23
dotnet build tests/Gateway.IntegrationTests -c Release -v quiet -nologo
export GATEWAY_RACES=${1:-100000}
exec tests/Gateway.IntegrationTests/bin/Release/net10.0/Gateway.IntegrationTests -noColor -diagnostics \
  -method Gateway.IntegrationTests.Reconciler.NameRaceTests.Of_two_users_who_reserve_one_name_at_two_nodes_exactly_one_wins_and_the_other_is_told \
  -method Gateway.IntegrationTests.Store.LedgerWriterTests.Of_many_writers_that_want_the_same_name_exactly_one_wins
