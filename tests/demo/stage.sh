# What the demo, `./dev up` and the benchmarks share: private PKI, the example configuration, both daemons, waiting for
# facts, and cleaning up. Sourced by bash scripts with `set -euo pipefail`; they call stage_open first.
#
#   stage_open BIN           BIN: folder of the daemons. Makes $stage, a folder that goes away with the script
#   say TEXT / fail TEXT     a step / the end: prints why and the ends of the logs, exits 1
#   wait_for SECONDS WHAT COMMAND...   until COMMAND succeeds; fails when it does not, or when a daemon has ended
#   make_pki DIR NAME...     DIR/ca.pem, server.pem, server.key for these DNS names and IPv4 addresses; kept if there
#   write_config DIR PORT [PKI]   DIR/sstp.yaml: the example configuration with the certificates in PKI, or in DIR
#   start NAME COMMAND...    in the background, output to $stage/NAME.log, pid in ${pids[NAME]}
#   start_daemons CONFIG [PREFIX...]   both, each run under PREFIX; back when the gateway says that it serves CONFIG.
#                            $port_hint: what to do when another program has the port
#   running NODE DEFAULT     the value of `NODE: value` in the running configuration
#   port_of NAME             the first TCP port that NAME listens on, in this network namespace
#   listens NAME PORT        whether a TCP socket listens on PORT in NAME's network namespace
export LC_ALL=C.UTF-8
declare -A pids=()
namespaces=()
stage='' bin='' port_hint=''

stage_open() {
  bin=$(cd "$1" && pwd)
  stage=$(mktemp -d)
  trap stage_close EXIT
  trap 'exit 130' INT TERM HUP
}

# Ends what was started, in the order client, gateway, control plane, and removes namespaces and files.
stage_close() {
  trap - EXIT INT TERM HUP
  local name
  for name in client iperf3 gateway controlplane; do stop "$name"; done
  for name in "${namespaces[@]}"; do ip netns del "$name" 2>/dev/null || true; done
  rm -rf "$stage"
}

stop() {
  local pid=${pids[$1]:-} tries=100
  [ -n "$pid" ] || return 0
  kill "$pid" 2>/dev/null || true
  while kill -0 "$pid" 2>/dev/null && [ $((tries -= 1)) -gt 0 ]; do sleep 0.05; done
  kill -9 "$pid" 2>/dev/null || true
  wait "$pid" 2>/dev/null || true
  unset "pids[$1]"
}

say() { printf '\n\033[1m==> %s\033[0m\n' "$*"; }

fail() {
  local log
  for log in "$stage"/*.log; do
    [ -s "$log" ] || continue
    printf '\n--- last lines of %s\n' "${log##*/}" >&2
    tail -n 25 "$log" >&2
  done
  printf '\n\033[1mFAILED: %s\033[0m\n' "$*" >&2
  exit 1
}

wait_for() {
  local deadline=$((SECONDS + $1)) what=$2 name
  shift 2
  until "$@"; do
    for name in "${!pids[@]}"; do
      kill -0 "${pids[$name]}" 2>/dev/null || fail "$what: $name has ended"
    done
    [ $SECONDS -lt $deadline ] || fail "$what: not within the time given"
    sleep 0.1
  done
}

make_pki() {
  local dir=$1 names='' name
  shift
  [ ! -s "$dir/server.pem" ] || return 0
  mkdir -p "$dir"
  for name in "$@"; do
    if [[ $name =~ ^[0-9.]+$ ]]; then names+=",IP:$name"; else names+=",DNS:$name"; fi
  done
  (
    umask 077
    cd "$dir"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=sstp-gateway example CA' \
      -keyout ca.key -out ca.pem
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -keyout server.key -out server.csr
    printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth\n' "${names#,}" > server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 -extfile server.ext \
      -out server.pem
    rm -f server.csr server.ext
  ) > "$stage/openssl.log" 2>&1 || fail "the certificates could not be made"
}

write_config() {
  local pki=${3:-$1}
  cat > "$1/sstp.yaml" <<YAML
sstp:
  description: remote access
  port: $2
  authentication:
    mode: local
    local-users:
      test: { password: test }
  client-ip-pool:
    SSTP-POOL: { range: [10.0.0.2-10.0.0.100] }
  default-pool: SSTP-POOL
  gateway-address: 10.0.0.1
  ssl:
    ca-certificate: $pki/ca.pem
    certificate: $pki/server.pem
    key: $pki/server.key
YAML
}

start() {
  local name=$1
  shift
  "$@" > "$stage/$name.log" 2>&1 < /dev/null &
  pids[$name]=$!
}

listens() {
  local hex
  hex=$(printf ':%04X ' "$2")
  cat "/proc/${pids[$1]}/net/tcp" "/proc/${pids[$1]}/net/tcp6" 2>/dev/null |
    awk -v port="$hex" '$4 == "0A" && index($2 " ", port) { found = 1 } END { exit !found }'
}

port_of() {
  ss -Hltnp | awk -v pid="pid=${pids[$1]}," 'index($0, pid) { sub(".*:", "", $4); print $4; exit }'
}

# What the gateway itself says: anybody may listen on its port.
serves() {
  local gateways refusal
  gateways=$(sstpctl show gateways --json 2>/dev/null) || return 1
  refusal=$(sed -n 's/^ *"refused-reason": "\(.*\)"$/\1/p' <<< "$gateways")
  if [ -n "$refusal" ]; then
    [[ $refusal == *'another program listens there'* ]] || port_hint=
    fail "the gateway refuses the configuration: $refusal${port_hint:+; $port_hint}"
  fi
  awk '$1 == "\"applied-generation\":" { applied = $2 } $1 == "\"desired-generation\":" { desired = $2 }
    END { exit !(applied != "" && applied == desired) }' <<< "$gateways"
}

running() {
  local value
  value=$(sstpctl config show | sed -nE "s/^.*[{ ]$1: ([^,}]*).*$/\\1/p" | head -n 1) && echo "${value:-$2}"
}

start_daemons() {
  local config=$1
  shift
  "$bin/sstp-controlplane" --config "$config" --check > "$stage/check.log" 2>&1 || fail "the configuration is refused"
  start controlplane "$@" "$bin/sstp-controlplane" --config "$config" \
    --link "unix:$stage/link.sock" --operator "$stage/operator.sock"
  wait_for 20 "starting the control plane" test -S "$stage/operator.sock"
  start gateway "$@" "$bin/sstp-gateway" --name gw1 --controlplane "unix:$stage/link.sock"
  wait_for 20 "the gateway taking its settings" serves
}

sstpctl() { "$bin/sstpctl" --socket "$stage/operator.sock" "$@"; }
