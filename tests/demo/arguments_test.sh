#!/bin/bash
# ./dev looks at its arguments before it installs, builds or runs anything.
set -euo pipefail
dev=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../../dev")
failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
: > "$scratch/empty.yaml"

# $1 exit code, $2 a part of the answer, the rest: arguments. Nothing may have begun, which says "==>".
expect() {
  local wanted=$1 part=$2 answer code=0
  shift 2
  answer=$(cd "$scratch" && timeout 20 "$dev" "$@" 2>&1) || code=$?
  if [ $code != "$wanted" ] || [[ $answer != *"$part"* ]] || [[ $answer == *'==>'* ]]; then
    printf './dev %s: exit code %d instead of %d, or not "%s":\n%s\n' "$*" $code "$wanted" "$part" "$answer" >&2
    failures=$((failures + 1))
  fi
}

for command in demo up test bench lint help nonsense; do
  expect 0 'usage: ./dev COMMAND' "$command" --help
  expect 0 'usage: ./dev COMMAND' "$command" -h
done
expect 0 'usage: ./dev COMMAND'
expect 0 'usage: ./dev COMMAND' bench setup --help
for command in demo test lint; do
  expect 2 "$command takes no arguments: --quick" "$command" --quick
done
expect 2 'no such command: nonsense' nonsense
expect 2 'no such benchmark or option: --slow' bench --slow
expect 2 '--port needs a value' up --port
expect 2 '--config needs a value' up --port 8443 --config
expect 2 '--port is 1 to 65535: 0' up --port 0
expect 2 '--port is 1 to 65535: 65536' up --port 65536
expect 2 '--port is 1 to 65535: https' up --port https
expect 2 'no such option: --prot' up --prot 8443
expect 2 'no such option: 8443' up 8443
expect 2 '--port is for the example' up --port 8443 --config empty.yaml
expect 1 "the file cannot be read: $scratch/missing.yaml" up --config missing.yaml
[ $failures = 0 ] || exit 1
