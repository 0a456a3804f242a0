#!/bin/bash
# ./dev up: both daemons on this host, in the foreground until Ctrl-C, for clients of your own.
# The CA stays in build/up, so that a client has to install it only once.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/stage.sh"
stage_open "$1"
shift
config=
while [ $# -gt 0 ]; do
  case $1 in
    --port) port=$2; shift 2 ;;
    --config) config=$2; shift 2 ;;
    *) fail "no such option: $1 (there are --port N and --config FILE)" ;;
  esac
done
home=$PWD/build/up
mapfile -t addresses < <(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4 }')
if [ -z "$config" ]; then
  make_pki "$home" "$(uname -n)" vpn.example.com localhost 127.0.0.1 "${addresses[@]}"
  write_config "$home" "$port"
  config=$home/sstp.yaml
fi
[ -e /dev/net/tun ] || fail "/dev/net/tun is missing (modprobe tun?)"
start_daemons "$config"

say "Up. Configuration: $config"
cat <<TEXT
Dial in with:
  server    ${addresses[*]:-127.0.0.1} (port $port)     user test, password test
  CA        $home/ca.pem       (install it at the client: the certificate is signed by it)
  Linux     sstpc --ca-cert $home/ca.pem --user test --password test ${addresses[0]:-127.0.0.1}:$port -- call PEER
            (with the peer file of README.md in /etc/ppp/peers/PEER)
  Windows   certutil -addstore Root ca.pem; Add a VPN connection, type SSTP, user name and password
Look at it with:
  sudo $bin/sstpctl --socket $stage/operator.sock show sessions
  sudo $bin/sstpctl --socket $stage/operator.sock show statistics
  sudo $bin/sstpctl --socket $stage/operator.sock --help
Clients reach this host at 10.0.0.1. To let them further, forward: sysctl net.ipv4.ip_forward=1, and a route or NAT.
The log follows; Ctrl-C ends everything.
TEXT
tail -q -n +1 -F "$stage/controlplane.log" "$stage/gateway.log" &
tail_pid=$!
trap 'kill $tail_pid 2>/dev/null; stage_close' EXIT
ended=0
wait -n "${pids[controlplane]}" "${pids[gateway]}" || ended=$?
fail "a daemon has ended (exit code $ended)"
