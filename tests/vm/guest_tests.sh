#!/bin/bash
# Inside the guest: runs GoogleTest programs one after the other. Fails when one fails, runs no test, or skips one: the
# guest has everything, so that a skip there is a mistake.
#   guest_tests.sh PROGRAM...
set -uo pipefail
failed=()
for program in "$@"; do
  echo "--- ${program##*/}"
  output=$SG_GUEST_RESULTS/${program##*/}.log
  "$program" --gtest_color=no 2>&1 | tee "$output" || failed+=("${program##*/}: failed")
  grep -q '^\[  SKIPPED \]' "$output" && failed+=("${program##*/}: skipped a test")
  grep -q '^\[  PASSED  \] [1-9]' "$output" || failed+=("${program##*/}: no test passed")
done
[ ${#failed[@]} = 0 ] || { printf 'guest_tests.sh: %s\n' "${failed[@]}"; exit 1; }
