#!/bin/bash
# ./dev bench: how fast clients come up, against both daemons of the demo, over loopback in a network namespace.
# Prints the test client's report and writes build/bench/setup.json, a list of {"metric", "value", "unit"}.
# The client shares the two cores with the daemons, so these are figures of the trio on this machine.
#   --quick: 200 sessions rather than 1000
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../demo/stage.sh"
stage_open "$1"
sessions=1000
[ "${2:-}" != --quick ] || sessions=200
netns=sgbench-$$
inside=(nsenter "--net=/run/netns/$netns")
ip netns add "$netns" || fail "the network namespace could not be made"
namespaces+=("$netns")
"${inside[@]}" ip link set lo up || fail "loopback"

say "Starting the daemons"
make_pki "$stage" localhost 127.0.0.1
write_config "$stage" 443
# One user many times, and room for all of them.
sed -i -e 's/10\.0\.0\.2-10\.0\.0\.100/10.1.0.0\/20/' -e '/^sstp:/a\  single-session: none' "$stage/sstp.yaml"
start_daemons "$stage/sstp.yaml" "${inside[@]}"

say "$sessions sessions, 20 set-ups in progress at one time"
"${inside[@]}" "$bin/sstp-test-client" --server 127.0.0.1 --user test --password test --ca "$stage/ca.pem" \
  many --sessions "$sessions" --concurrency 20 --json > "$stage/report.json" || fail "not every session came up: \
$(cat "$stage/report.json")"

cpu_ms() { awk -v ticks="$(getconf CLK_TCK)" '{ printf "%.0f", ($14 + $15) * 1000 / ticks }' "/proc/$1/stat"; }
mkdir -p build/bench
{
  field() { sed -n "s/.*\"$1\": \([0-9.]*\).*/\1/p" < <(tail -n 1 "$stage/report.json"); }
  row() { printf '%s{"metric": "%s", "value": %s, "unit": "%s"}' "$4" "$1" "$2" "$3"; }
  echo '['
  row sessions_up "$(field up)" sessions '  '
  row setup_rate "$(field setup_rate_per_second)" '1/s' $',\n  '
  for percentile in p50 p90 p99 max; do
    value=$(field "$percentile")
    [ -z "$value" ] || row "setup_time_$percentile" "$value" ms $',\n  '
  done
  row gateway_cpu_per_setup \
    "$(awk -v ms="$(cpu_ms "${pids[gateway]}")" -v n="$sessions" 'BEGIN { printf "%.3f", ms / n }')" ms $',\n  '
  row controlplane_cpu_per_setup \
    "$(awk -v ms="$(cpu_ms "${pids[controlplane]}")" -v n="$sessions" 'BEGIN { printf "%.3f", ms / n }')" ms $',\n  '
  printf '\n]\n'
} > build/bench/setup.json
sed -n 's/.*"metric": "\([^"]*\)", "value": \([^,]*\), "unit": "\([^"]*\)".*/\1 \2 \3/p' build/bench/setup.json |
  awk '{ printf "  %-28s %10s %s\n", $1, $2, $3 }'
echo "written to build/bench/setup.json"
