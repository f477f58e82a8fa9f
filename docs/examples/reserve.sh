#!/usr/bin/env bash
# Reserves a sub-domain at a gateway, waits until it is served, and gives it back: with nothing but curl and openssl.
# Usage: reserve.sh EXPLORER-URL NAME IP         e.g. reserve.sh http://127.0.0.1:8090 hello.gw.example.com 203.0.113.7
set -euo pipefail
api=$1/api/v1 name=$2 ip=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# 1. A key. Whoever has it is the user, so a real program keeps it in a file of mode 0600.
openssl genpkey -algorithm ed25519 -out "$work/key.pem"
pubkey=$(openssl pkey -in "$work/key.pem" -pubout -outform DER | tail -c 32 | od -An -v -tx1 | tr -d ' \n')

# Ed25519 over the octets on standard input, as 64 octets.
sign() { cat >"$work/octets"; openssl pkeyutl -sign -rawin -inkey "$work/key.pem" -in "$work/octets"; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
# member NAME: the first number or text that a JSON object on standard input has under this name.
member() { grep -oE "\"$1\":(\"[^\"]*\"|-?[0-9]+)" | head -n 1 | sed -E 's/^[^:]*:"?//; s/"$//'; }
post() { curl -sS --fail-with-body --json "$2" "${@:3}" "$api$1"; }

# 2. A user with this key.
who=example$RANDOM$RANDOM
user=$(post /users "{\"name\":\"$who\",\"email\":\"$who@example.com\",\"pubkey\":\"$pubkey\"}" | member id)
echo "user $user"

# Requests that must be signed cover the time of signing, the date and the user's id.
signed() {
  local created date signature
  created=$(date +%s) date=$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S GMT')
  signature=$(printf '(created): %s\ndate: %s\nthreebot-id: %s' "$created" "$date" "$user" | sign | base64 -w0)
  post "$1" "$2" -H "Date: $date" -H "Threebot-Id: $user" \
    -H "Authorization: Signature keyId=\"$user\",algorithm=\"ed25519\",created=\"$created\",headers=\"(created) date threebot-id\",signature=\"$signature\""
}

# 3. A gateway, and a pool there. The pool costs nothing; it says which gateways may be used. What is signed is the text in "json".
node=$(curl -sS --fail-with-body "$api/gateways" | member node_id)
pool="{\"pool_id\":0,\"cus\":0,\"sus\":0,\"ipv4us\":0,\"node_ids\":[\"$node\"],\"currencies\":[\"TFT\"]}"
pool_id=$(post /reservations/pools "{\"json\":\"${pool//\"/\\\"}\",\"data_reservation\":$pool,\"customer_tid\":$user,\"customer_signature\":\"$(printf %s "$pool" | sign | hex)\"}" | member reservation_id)
echo "gateway $node, pool $pool_id"

# 4. The reservation. The customer signs the SHA-256 of the challenge: the members one behind the other.
epoch=$(date +%s)
challenge() { printf '%s' 1 "$node" "$pool_id" "" "$user" SUBDOMAIN "$1" "" "" "$name" "$ip"; }
signature=$(challenge "$epoch" | openssl dgst -sha256 -binary | sign | hex)
id=$(signed /reservations/workloads "{\"workload_id\":1,\"node_id\":\"$node\",\"pool_id\":$pool_id,\"customer_tid\":$user,\"workload_type\":7,\"epoch\":$epoch,\"next_action\":3,
  \"domain\":\"$name\",\"ips\":[\"$ip\"],\"customer_signature\":\"$signature\",\"signing_request_delete\":{\"signers\":[$user],\"quorum_min\":1}}" | member reservation_id)
echo "reservation $id"

# 5. Wait for the gateway's word: result.state is 1 when the name is served, and result.message says why not.
state_of() { curl -sS --fail-with-body "$api/reservations/workloads/$id" >"$work/workload"; grep -oE '"result":\{.*' "$work/workload" | member state; }
until_state() {
  for _ in $(seq 300); do
    [ "$(state_of)" = "$1" ] && return
    if [ "$(member next_action <"$work/workload")" -ge 4 ] && [ "$1" = 1 ]; then grep -oE '"message":"[^"]*"' "$work/workload"; return 1; fi
    sleep 0.1
  done
  return 1
}
until_state 1
echo "$name is served"

# 6. Give it back. The server has put its own time into epoch, so the challenge is made from what it stored.
stored=$(member epoch < <(sed -E 's/"signature[a-z_]*":(\{[^}]*\}|\[[^]]*\])//g' "$work/workload"))
agreed=$({ challenge "$stored"; printf 'delete%s' "$user"; } | openssl dgst -sha256 -binary | sign | hex)
post "/reservations/workloads/$id/sign/delete" "{\"tid\":$user,\"signature\":\"$agreed\"}" >/dev/null
until_state 2
echo "$name is free"
