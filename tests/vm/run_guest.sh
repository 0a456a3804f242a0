#!/bin/bash
# Runs one command inside a virtual machine on Debian's stock kernel and on this host's own file system:
#   run_guest.sh [--kernel DIR] [--timeout SECONDS] [--keep DIR] [--instructions] COMMAND [ARGUMENT...]
# The command sees the host's / (its writes stay in the guest), the current folder, and $SG_GUEST_RESULTS, a folder
# whose files the host keeps (--keep). Its output is printed as it comes; its exit code is ours. 124: out of time.
# 125: the guest did not get as far as the command; then the console is printed.
# No KVM: the guest is emulated, 10 to 100 times slower than the host, so it is for function, not for figures; but with
# --instructions it has one CPU whose clock counts instructions, 8 ns each (125 per microsecond), whatever the host does.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
kernel=$here/../../build/guest-kernel timeout=900 keep=
machine=(-accel "tcg,thread=multi" -smp 2)
while [ $# -gt 0 ]; do
  case $1 in
    --kernel) kernel=$2; shift 2 ;;
    --timeout) timeout=$2; shift 2 ;;
    --keep) keep=$2; shift 2 ;;
    --instructions) machine=(-accel "tcg,thread=single" -icount "shift=3" -smp 1); shift ;;
    --help) sed -n '2,9s/^# \?//p' "$0"; exit 0 ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || { echo "run_guest.sh: what is to be run? See --help" >&2; exit 125; }

"$here/fetch_kernel.sh" "$kernel" >&2
kernel=$(cd "$kernel" && pwd -P)
job=$(mktemp -d)
emulator= reader=
cleanup() {
  [ -z "$reader" ] || kill "$reader" 2>/dev/null || true
  [ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$job"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

cp "$here/guest_main.sh" "$job/"
mkdir "$job/results"
{
  printf "SG_GUEST_DIRECTORY=%q\n" "$PWD"
  printf 'SG_GUEST_KERNEL=%q\n' "$kernel"
} > "$job/settings"
{
  echo 'export SG_GUEST=1 SG_GUEST_RESULTS=/run/job/results'
  # Settings of the tests and the sanitizers go along; nothing else of the environment does.
  export -p | grep -E '^declare -x (SG_|GTEST_|ASAN_|UBSAN_|LSAN_|TSAN_)' || true
  printf '%q ' "$@"
} > "$job/command"
: > "$job/output"

# no_timer_check: on a busy host the emulated timer may be late for the kernel's own test of it, which then panics.
timeout --foreground -k 10 "$timeout" qemu-system-x86_64 \
  "${machine[@]}" -cpu max -m 3072 -nodefaults -display none -no-reboot \
  -serial "file:$job/console" -device isa-debug-exit,iobase=0xf4,iosize=1 \
  -virtfs local,path=/,mount_tag=root,security_model=none,readonly=on,multidevs=remap \
  -virtfs "local,path=$job,mount_tag=job,security_model=none" \
  -kernel "$kernel/vmlinuz" -initrd "$kernel/initramfs.gz" \
  -append "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check nowatchdog tsc=reliable random.trust_cpu=on" \
  < /dev/null > "$job/emulator" 2>&1 &
emulator=$!
tail -q -n +1 -f --pid=$emulator -s 0.3 "$job/output" &
reader=$!
ended=0
wait $emulator || ended=$?
emulator=
wait $reader 2>/dev/null || true
reader=

status=125
if [ -s "$job/status" ]; then
  status=$(cat "$job/status")
elif [ "$ended" = 124 ] || [ "$ended" = 137 ]; then
  status=124
  echo "run_guest.sh: the guest was not done within $timeout s" >&2
fi
if [ "$status" != 0 ]; then
  echo "--- guest console, last lines (exit $status)" >&2
  tail -n 40 "$job/console" >&2 || true
  cat "$job/emulator" >&2
fi
if [ -n "$keep" ]; then
  mkdir -p "$keep"
  cp -r "$job/results/." "$keep/"
  cp "$job/console" "$keep/console.log" 2>/dev/null || true
  cp "$job/output" "$keep/output.log"
fi
exit "$status"
