#!/bin/bash
# ./dev up in a network namespace of its own: it says "Up" when the gateway says so, tells what is really running, and
# leaves another run alone.
#
#   up_test.sh BIN
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "SKIPPED: needs root, for a network namespace"; exit 77; }
here=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
[ -n "${SG_OWN_NETWORK:-}" ] || SG_OWN_NETWORK=1 exec unshare -n "$0" "${SG_BIN_DIR:-$1}"
bin=$(realpath "$1")
scratch=$(mktemp -d)
cd "$scratch"  # build/up comes here
declare -A running=()
stop() {
  kill "${running[$1]}" 2>/dev/null || true
  wait "${running[$1]}" || true
  unset "running[$1]"
}
trap 'for name in "${!running[@]}"; do stop "$name"; done; rm -rf "$scratch"' EXIT
ip link set lo up

fail() {
  printf 'FAILED: %s\n' "$1" >&2
  tail -n 60 "$scratch"/*.out >&2
  exit 1
}
start() {  # NAME COMMAND...
  local name=$1
  shift
  "$@" > "$name.out" 2>&1 < /dev/null &
  running[$name]=$!
}
await() {  # NAME TEXT: what NAME says
  local deadline=$((SECONDS + 60))
  until grep -q -e "$2" "$1.out"; do
    [ $SECONDS -lt $deadline ] && kill -0 "${running[$1]}" 2>/dev/null || fail "$1 does not say: $2"
    sleep 0.1
  done
}
expect() { grep -q -e "$2" "$1.out" || fail "$1 does not say: $2"; }
refused() {  # NAME: it ends by itself, with exit code 1
  local code=0
  wait "${running[$1]}" || code=$?
  unset "running[$1]"
  [ $code = 1 ] || fail "$1 ended with exit code $code"
  ! grep -q 'Up\. ' "$1.out" || fail "$1 says that it is up"
}

start taken python3 -uc 'import socket, signal
s = socket.create_server(("", 443)); print("listens"); signal.pause()'
await taken listens
start busy "$here/up.sh" "$bin" 443
refused busy
expect busy 'FAILED: the gateway refuses the configuration: .*another program listens there'
expect busy 'choose another one: ./dev up --port N'

cat > own.yaml <<YAML
sstp:
  port: 8443
  authentication: { mode: local, local-users: { alice: { password: secret } } }
  client-ip-pool: { POOL: { range: [10.9.0.2-10.9.0.100] } }
  default-pool: POOL
  gateway-address: 10.9.0.1
  log: { level: 1 }
  ssl: { ca-certificate: build/up/ca.pem, certificate: build/up/server.pem, key: build/up/server.key }
YAML
start own "$here/up.sh" "$bin" 443 "$scratch/own.yaml"
await own 'Ctrl-C ends'
expect own "(port 8443) *users of $scratch/own.yaml"
expect own '^  CA  *build/up/ca.pem '
expect own 'Clients reach this host at 10.9.0.1\.'
! grep -q 'password test' own.out || fail "own names the example's password"
stop own

start first "$here/up.sh" "$bin" 8443
await first 'Ctrl-C ends'
expect first '(port 8443) *user test, password test'
config=$(sed -n 's/.*Up\. Configuration: \(.*\/sstp.yaml\).*/\1/p' first.out)
before=$(cat "$config")
start second "$here/up.sh" "$bin" 8444
refused second
expect second 'another sstp-gateway runs in this network namespace'
[ "$(cat "$config")" = "$before" ] || fail "the second run changed the first one's configuration"
kill -0 "${running[first]}" || fail "the second run ended the first one"
stop first
[ ! -e "$config" ] || fail "the first run left $config behind"
echo passed
