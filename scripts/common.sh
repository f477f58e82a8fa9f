# Shared by run.sh and test.sh: what a fresh Debian lacks, and the one build.

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1
GATEWAYD=src/Gateway.Server/bin/Release/net10.0/gatewayd
GATEWAY=src/Gateway.Cli/bin/Release/net10.0/gateway

say() { printf '%s\n' "$*" >&2; }

need_dotnet() {
  command -v dotnet >/dev/null || { say "The .NET 10 SDK is missing: install it so that 'dotnet --version' prints 10.x."; exit 1; }
  case "$(dotnet --version 2>/dev/null)" in
    10.*) ;;
    *) say "'dotnet --version' does not print 10.x: install the .NET 10 SDK."; exit 1 ;;
  esac
}

# True when a program is on the PATH, a shared library is known to the loader, or a file exists.
have() {
  case "$1" in
    /*) [ -e "$1" ] ;;
    *.so.*) { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } | grep -F "$1" >/dev/null ;;
    *) command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] ;;
  esac
}

# need what:package …  installs the packages whose program, library or file is missing.
need() {
  local missing=() sudo=()
  for pair in "$@"; do
    have "${pair%%:*}" || missing+=("${pair##*:}")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || sudo=(sudo)
  say "Installing with apt: ${missing[*]}"
  "${sudo[@]}" apt-get update -qq
  # Services of packages must not start by themselves: the node runs its own Redis, the tests run their own servers.
  printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee /usr/sbin/policy-rc.d.gateway >/dev/null
  "${sudo[@]}" chmod +x /usr/sbin/policy-rc.d.gateway
  local placed=
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    "${sudo[@]}" mv /usr/sbin/policy-rc.d.gateway /usr/sbin/policy-rc.d
    placed=yes
  else
    "${sudo[@]}" rm /usr/sbin/policy-rc.d.gateway
  fi
  local status=0
  local log
  log=$(mktemp)
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || cat "$log" >&2
  rm -f "$log"
  [ -z "$placed" ] || "${sudo[@]}" rm -f /usr/sbin/policy-rc.d
  [ "$status" -eq 0 ] || { say "apt could not install ${missing[*]}; install them by hand and start again."; exit 1; }
}

build() {
  say "Building (Release) …"
  local log
  log=$(mktemp)
  if ! dotnet build src/Gateway.Server/Gateway.Server.csproj -c Release -v quiet >"$log" 2>&1 ||
     ! dotnet build src/Gateway.Cli/Gateway.Cli.csproj -c Release -v quiet >>"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    say "The build failed: see above."
    exit 1
  fi
  rm -f "$log"
}

# compiled_ahead project options…: restores a project with the options it is to be published with, and prints the one more that has it
# compiled to machine code beforehand (ReadyToRun). Prints nothing where that compiler is not served: the program compiles itself then,
# at each start.
compiled_ahead() {
  local log status=0
  log=$(mktemp)
  if dotnet restore "$@" -p:PublishReadyToRun=true -v quiet >"$log" 2>&1; then
    echo -p:PublishReadyToRun=true
  elif grep -qi crossgen "$log"; then
    say "The package source has no compiler to machine code (Crossgen2) for this SDK: the program will start slower."
  else
    cat "$log" >&2
    status=1
  fi
  rm -f "$log"
  return $status
}

# publish_daemon directory: gatewayd compiled as packages ship it, to be run by this machine's .NET.
publish_daemon() {
  local work options ahead status=0
  work=$(mktemp -d)
  # Beside the usual build, not in it: a runtime of its own would change what the next build restores, and its lock files.
  options=(src/Gateway.Server/Gateway.Server.csproj -r "linux-$(case "$(uname -m)" in aarch64 | arm64) echo arm64 ;; *) echo x64 ;; esac)" --artifacts-path "$work/artifacts"
    -p:Configuration=Release -p:SelfContained=false -p:NuGetLockFilePath="$work/none.lock.json" -p:RestorePackagesWithLockFile=false)
  say "Publishing gatewayd …"
  ahead=$(compiled_ahead "${options[@]}") && dotnet publish "${options[@]}" $ahead -v quiet -p:RunAnalyzers=false -o "$1" >"$work/log" 2>&1 || status=$?
  [ "$status" -eq 0 ] || cat "$work/log" >&2
  rm -rf "$work"
  return $status
}
