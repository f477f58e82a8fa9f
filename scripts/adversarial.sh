#!/usr/bin/env bash
# Writes docs/adversarial.md anew from the tests that carry an ID. Run it after a test got or lost one.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

need_dotnet
dotnet build tests/Gateway.UnitTests -c Release -v quiet
touch docs/adversarial.md
GATEWAY_WRITE_DOCS=1 tests/Gateway.UnitTests/bin/Release/net10.0/Gateway.UnitTests -noColor -class Gateway.UnitTests.Architecture.AttackDocumentTests
