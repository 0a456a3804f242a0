#!/bin/bash
# ./dev demo: a client dials in and passes traffic, on one machine, in two network namespaces.
#
#   namespace sgdemo-PID-client          namespace sgdemo-PID-gateway
#   sstp-test-client                     sstp-gateway ── unix socket ── sstp-controlplane ── sstpctl
#   sstpc0 10.0.0.2 ........ tunnel .... sstp0 10.0.0.1         iperf3 -s
#   eth0 192.0.2.10 ──────── veth ────── eth0 192.0.2.1:443
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/stage.sh"
stage_open "$1"
gateway=sgdemo-$$-gateway client=sgdemo-$$-client
# nsenter rather than `ip netns exec` or `ip -n`: those remount / and cannot do so in a plain chroot.
on_gateway=(nsenter "--net=/run/netns/$gateway")
on_client=(nsenter "--net=/run/netns/$client")

say "Two network namespaces, one veth cable"
make_network() {
  local name
  for name in "$gateway" "$client"; do
    ip netns add "$name" || return 1
    namespaces+=("$name")
    nsenter "--net=/run/netns/$name" ip link set lo up || return 1
  done
  "${on_gateway[@]}" ip link add eth0 type veth peer name eth0 netns "$client" &&
    "${on_gateway[@]}" ip addr add 192.0.2.1/24 dev eth0 && "${on_gateway[@]}" ip link set eth0 up &&
    "${on_client[@]}" ip addr add 192.0.2.10/24 dev eth0 && "${on_client[@]}" ip link set eth0 up
}
make_network || fail "the network namespaces could not be made (is this root, with CAP_NET_ADMIN?)"
if [ ! -e /dev/net/tun ]; then  # a bare chroot may lack it
  { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; } || fail "/dev/net/tun is missing"
fi
"${on_client[@]}" ping -q -c 1 -W 5 192.0.2.1 > /dev/null || fail "the gateway's namespace does not answer"

say "A private CA, a server certificate, and the configuration of the example"
make_pki "$stage" vpn.example.com 192.0.2.1
write_config "$stage" 443
cat "$stage/sstp.yaml"

say "Starting sstp-controlplane and sstp-gateway"
start_daemons "$stage/sstp.yaml" "${on_gateway[@]}"
cat "$stage/gateway.log"

say "Dialling in as user test"
start client "${on_client[@]}" "$bin/sstp-test-client" --server 192.0.2.1 --user test --password test \
  --ca "$stage/ca.pem" --verify-name vpn.example.com tun --ifname sstpc0
has_address() { "${on_client[@]}" ip -4 -o addr show dev sstpc0 up 2>/dev/null | grep -q 'inet 10\.0\.0\.'; }
wait_for 30 "the client getting an address" has_address
cat "$stage/client.log"
"${on_client[@]}" ip addr show dev sstpc0
"${on_gateway[@]}" ip addr show dev sstp0

say "Ping through the tunnel"
"${on_client[@]}" ping -c 4 -i 0.2 -W 5 10.0.0.1 || fail "no answer through the tunnel"

say "iperf3, client to server, then server to client"
start iperf3 "${on_gateway[@]}" iperf3 -s -B 10.0.0.1
wait_for 10 "starting iperf3" listens iperf3 5201
"${on_client[@]}" iperf3 -c 10.0.0.1 -t 3 -i 0 || fail "iperf3 towards the gateway"
"${on_client[@]}" iperf3 -c 10.0.0.1 -t 3 -i 0 -R || fail "iperf3 towards the client"

say "sstpctl show sessions"
sstpctl show sessions | tee "$stage/sessions" || fail "sstpctl show sessions"
grep -q '| test .*| active' "$stage/sessions" || fail "the table does not show the session of user test as active"

say "sstpctl show statistics"
sstpctl show statistics || fail "sstpctl show statistics"

say "The client hangs up"
stop client
no_session() { ! sstpctl show sessions | grep -q '| test '; }
wait_for 20 "the session leaving the table" no_session
cat "$stage/gateway.log"
say "Demo passed: authenticated, addressed, pinged, moved data both ways, and gone again"
