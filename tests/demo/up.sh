#!/bin/bash
# ./dev up: both daemons on this host, in the foreground until Ctrl-C, for clients of your own.
#
#   up.sh BIN PORT [CONFIG]     CONFIG instead of the example on PORT
#
# The CA stays in build/up, so that a client has to install it only once.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/stage.sh"
stage_open "$1"
port=$2 config=${3:-}
home=$PWD/build/up
mapfile -t addresses < <(ip -4 -o addr show scope global | awk '{ sub("/.*", "", $4); print $4 }')
[ -e /dev/net/tun ] || fail "/dev/net/tun is missing (modprobe tun?)"
if [ -z "$config" ]; then
  make_pki "$home" "$(uname -n)" vpn.example.com localhost 127.0.0.1 "${addresses[@]}"
  write_config "$stage" "$port" "$home"
  config=$stage/sstp.yaml
  users='user test, password test' login='--user test --password test'
  port_hint='choose another one: ./dev up --port N'
else
  users="users of $config" login='--user USER --password PASSWORD'
  port_hint="choose another one in $config"
fi
start_daemons "$config"
port=$(port_of gateway) ca=$(running ca-certificate "of $config")

say "Up. Configuration: $config"
cat <<TEXT
Dial in with:
  server    ${addresses[*]:-127.0.0.1} (port $port)     $users
  CA        $ca       (install it at the client: the certificate is signed by it)
  Linux     sstpc --ca-cert $ca $login ${addresses[0]:-127.0.0.1}:$port -- call PEER
            (with the peer file of README.md in /etc/ppp/peers/PEER)
  Windows   certutil -addstore Root ${ca##*/}; Add a VPN connection, type SSTP, user name and password
Look at it with:
  sudo $bin/sstpctl --socket $stage/operator.sock show sessions
  sudo $bin/sstpctl --socket $stage/operator.sock show statistics
  sudo $bin/sstpctl --socket $stage/operator.sock --help
Clients reach this host at $(running gateway-address "its gateway-address"). To let them further, forward: sysctl net.ipv4.ip_forward=1, and a route or NAT.
The log follows; Ctrl-C ends everything.
TEXT
tail -q -n +1 -F "$stage/controlplane.log" "$stage/gateway.log" &
tail_pid=$!
trap 'kill $tail_pid 2>/dev/null; stage_close' EXIT
ended=0
wait -n "${pids[controlplane]}" "${pids[gateway]}" || ended=$?
fail "a daemon has ended (exit code $ended)"
