#!/usr/bin/env bash
# Explorer, reconciler and Redis as one state machine, for as long as one wants: each life is a thousand random steps of users, gateway
# and misfortune, and after each step what must always hold is looked at. CI lives a hundred.
# Usage: tests/machine.sh [LIVES] [FIRST_SEED], a thousand lives from a random seed by default; a failure prints its seed and its story.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

need_dotnet
dotnet build tests/Gateway.UnitTests -c Release -v quiet -nologo
export GATEWAY_MACHINE_LIVES=${1:-1000} GATEWAY_MACHINE_SEED=${2:-$((RANDOM * 32768 + RANDOM))}
exec tests/Gateway.UnitTests/bin/Release/net10.0/Gateway.UnitTests -noColor -diagnostics -method Gateway.UnitTests.Reconciler.Machine.StateMachineTests.Whatever_happens_nothing_is_lost_stolen_or_left_behind
