#!/bin/bash
# PID 1 of the guest after guest_init: loads what the tests use, runs /run/job/command, leaves its output in
# /run/job/output and its exit code in /run/job/status, and switches the machine off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
source /run/job/settings

finish() {
  echo "$1" > /run/job/status
  sync
  # isa-debug-exit: any byte written to this port ends QEMU at once.
  printf '\0' | dd of=/dev/port bs=1 seek=$((0xf4)) conv=notrunc 2>/dev/null
  echo o > /proc/sysrq-trigger
  sleep 60
}

prepare() {
  local version
  version=$(uname -r)
  mkdir -p "/lib/modules/$version" || return 1
  mount --bind "$SG_GUEST_KERNEL/lib/modules/$version" "/lib/modules/$version" || return 1
  modprobe -a tls ppp_generic ppp_async ppp_mppe ppp_deflate tun vrf veth ifb sch_fq sch_fq_codel sch_htb sch_tbf \
    sch_ingress sch_netem cls_bpf cls_fw cls_matchall act_police nf_tables nft_ct gcm aesni_intel \
    chacha20poly1305 inet_diag tcp_diag || return 1
  mount -t bpf bpf /sys/fs/bpf
  hostname guest
  ip link set lo up
}

prepare > /run/job/output 2>&1 || { echo "the guest could not be prepared" >> /run/job/output; finish 125; }
cd "$SG_GUEST_DIRECTORY" || finish 125
setsid -w bash /run/job/command >> /run/job/output 2>&1 < /dev/null
finish $?
