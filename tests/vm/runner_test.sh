#!/bin/bash
# The guest is what its users rely on: it has what the host's kernel lacks, sees the host's files, keeps its own
# writes to itself, hands results out, and its exit code comes through. One boot.
#   runner_test.sh KERNEL_DIR
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
status=0
# shellcheck disable=SC2016
"$here/run_guest.sh" --kernel "$1" --timeout 300 --keep "$results" bash -euc '
  test -c /dev/ppp && test -c /dev/net/tun
  grep -qw tls /proc/sys/net/ipv4/tcp_available_ulp
  ip link add vrf1 type vrf table 10
  ip link add veth1 type veth peer name veth2
  tc qdisc add dev veth1 root netem delay 1ms
  tc qdisc replace dev veth2 root fq
  test -x "$1"
  touch "$2"
  echo result > "$SG_GUEST_RESULTS/file"
  exit 7' in_the_guest "$here/run_guest.sh" "$here/written_in_the_guest" || status=$?
check() { "${@:2}" || { echo "runner_test.sh: $1" >&2; exit 1; }; }
check "the exit code was $status instead of 7" test "$status" = 7
check "the result did not arrive" grep -q result "$results/file"
check "a write of the guest reached the host" test ! -e "$here/written_in_the_guest"
echo "the guest works"
