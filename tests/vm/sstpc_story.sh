#!/bin/bash
# Inside the guest: Debian's sstpc and pppd, as the documentation's client example has them, dial our gateway.
#
#   network namespace "client"            the guest itself
#   sstpc + pppd                          sstp-gateway ── sstp-controlplane ── sstpctl
#   ppp0 10.0.0.2 ....... tunnel ........ sstp0 10.0.0.1, iperf3 -s
#   eth0 192.0.2.10 ─── veth, 5 ms ────── veth0 192.0.2.1:443
#
# The delay is for sstpc, which fails when the server's TLS flight is there before its first read.
#   sstpc_story.sh BIN     exit 0: every case passed
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/../demo/stage.sh"
stage_open "$1"
passed=0
on_client=(nsenter --net=/run/netns/client)
client_log=$stage/client.log
[ -n "${SG_GUEST:-}" ] || fail "this changes /etc and is for the guest: run_guest.sh $0 BIN"

make_network() {
  ip netns add client
  namespaces+=(client)
  ip link add veth0 type veth peer name eth0 netns client
  ip addr add 192.0.2.1/24 dev veth0
  ip link set veth0 up
  tc qdisc add dev veth0 root netem delay 5ms
  "${on_client[@]}" ip link set lo up
  "${on_client[@]}" ip addr add 192.0.2.10/24 dev eth0
  "${on_client[@]}" ip link set eth0 up
  echo '192.0.2.1 vpn.example.com' >> /etc/hosts
}

# peer_file NAME REQUIRED-AND-NOT-REFUSED: the page's peer file with another protocol in mschap-v2's place.
peer_file() {
  local protocol
  {
    printf 'usepeerdns\nrequire-%s\nnoauth\nlock\n' "$2"
    for protocol in pap eap chap mschap mschap-v2; do
      [ "$protocol" = "$2" ] || echo "refuse-$protocol"
    done
    printf 'nobsdcomp\nnodeflate\ndebug\n'
  } > "/etc/ppp/peers/$1"
}

has_line() { grep -q -- "$1" "$client_log"; }
ppp_has_address() { "${on_client[@]}" ip -4 -o addr show dev ppp0 2>/dev/null | grep -q ' inet 10\.0\.0\.'; }
table_is_empty() { ! sstpctl show sessions | grep -q '| vyos '; }
expect_line() { has_line "$1" || fail "$case_name: sstpc's log has no '$1'"; }

# dial PROTOCOL: the page's command; then what the page shows must be there.
dial() {
  case_name="sstpc with $1"
  say "$case_name"
  peer_file vyos "$1"
  start client "${on_client[@]}" sstpc --log-level 4 --log-stderr --ca-cert "$stage/ca.pem" --user vyos \
    --password vyos vpn.example.com -- call vyos
  wait_for 120 "$case_name: Connection Established" has_line 'Connection Established'
  wait_for 60 "$case_name: ppp0 getting its address" ppp_has_address
  expect_line 'SEND SSTP CRTL PKT(14)'
  expect_line 'ENCAP PROTO(1): 6'
  expect_line 'RECV SSTP CRTL PKT(48)'
  expect_line 'CRYPTO BIND REQ(4): 40'
  expect_line 'SEND SSTP CRTL PKT(112)'
  expect_line 'CRYPTO BIND(3): 104'
  "${on_client[@]}" ip addr show dev ppp0
  "${on_client[@]}" ip addr show dev ppp0 | grep -q 'mtu 1452 ' || fail "$case_name: ppp0's MTU is not 1452"
  "${on_client[@]}" ip addr show dev ppp0 | grep -Eq 'inet 10\.0\.0\.[0-9]+ peer 10\.0\.0\.1/32' ||
    fail "$case_name: ppp0's address pair"
  ip addr show dev sstp0 | grep -Eq 'inet 10\.0\.0\.1 peer 10\.0\.0\.[0-9]+/32' || fail "$case_name: sstp0's addresses"
  "${on_client[@]}" ping -q -c 3 -W 20 10.0.0.1 || fail "$case_name: ping"
  "${on_client[@]}" iperf3 -c 10.0.0.1 -n 1M -i 0 || fail "$case_name: iperf3 up"
  "${on_client[@]}" iperf3 -c 10.0.0.1 -n 1M -i 0 -R || fail "$case_name: iperf3 down"
  sstpctl show sessions
  sstpctl show sessions | grep -q '| vyos .*| active' || fail "$case_name: not in the table of sessions"
  stop client
  wait_for 90 "$case_name: the session leaving the table" table_is_empty
  passed=$((passed + 1))
}

mkdir -p /run/lock /etc/ppp/peers
make_network || fail "the network could not be made"
make_pki "$stage" vpn.example.com 192.0.2.1
write_config "$stage" 443
sed -i 's/test: { password: test }/vyos: { password: vyos }/' "$stage/sstp.yaml"
start_daemons "$stage/sstp.yaml"
start iperf3 iperf3 -s
wait_for 30 "starting iperf3" listens iperf3 5201
for protocol in mschap-v2 pap chap mschap; do dial "$protocol"; done
say "$passed of 4 cases passed"
