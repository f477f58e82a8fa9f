#!/usr/bin/env bash
# Publishes `gateway` as one trimmed file that needs no .NET on the machine where it runs.
# usage: scripts/publish-client.sh [directory] [runtime]   default: out/client, this machine's runtime (linux-x64, linux-arm64)
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

# One file of a few commands: larger than this means that something came along which should not have.
MOST=25000000

machine() { case "$(uname -m)" in aarch64 | arm64) echo linux-arm64 ;; *) echo linux-x64 ;; esac; }

directory=${1:-out/client}
runtime=${2:-$(machine)}

need_dotnet
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Beside the usual build, not in it: a runtime of its own would change what the next build restores, and its lock files.
# The usual build has run the analyzers; the trimmer runs its own here, and its warnings are errors.
options=(src/Gateway.Cli/Gateway.Cli.csproj -r "$runtime" --artifacts-path "$work/artifacts" -p:Configuration=Release -p:SelfContained=true
  -p:NuGetLockFilePath="$work/none.lock.json" -p:RestorePackagesWithLockFile=false -p:PublishSingleFile=true -p:PublishTrimmed=true)
ahead=$(compiled_ahead "${options[@]}") || { say "Publishing failed: see above."; exit 1; }
if ! dotnet publish "${options[@]}" $ahead -v quiet -p:RunAnalyzers=false -p:TrimmerSingleWarn=false -p:DebugType=none \
  -p:PublishDocumentationFiles=false -p:PublishReferencesDocumentationFiles=false -o "$work/client" >"$work/log" 2>&1; then
  cat "$work/log" >&2
  say "Publishing failed: see above."
  exit 1
fi
mkdir -p "$directory"
mv -f "$work/client/gateway" "$directory/gateway"
size=$(stat -c %s "$directory/gateway")
if [ "$size" -gt "$MOST" ]; then
  say "$directory/gateway has $size bytes, more than $MOST: look for what came along."
  exit 1
fi
say "$directory/gateway: $((size / 1024 / 1024)) MiB for $runtime"
