#!/bin/bash
# Fetches Debian's stock kernel (linux-image-amd64) with apt and unpacks it, never installs it:
#   fetch_kernel.sh DIR  ->  DIR/vmlinuz, DIR/lib/modules/VERSION/, DIR/initramfs.gz, DIR/version
# Does nothing when DIR is already complete. Needs apt's package lists (it fetches them when they are missing or
# too old), kmod, busybox-static, cpio. The machine's own /lib/modules is neither needed nor touched.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:?usage: fetch_kernel.sh DIR}

download() {  # prints the package file's name
  local package
  package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: *\(linux-image-[0-9].*\)$/\1/p')
  [ -n "$package" ] || return 1
  echo "fetching $package" >&2
  # A directory that the sandbox user _apt cannot write to is fine: apt-get then fetches as root, with a notice.
  (cd "$dir/download" && apt-get -q -q download "$package" >&2) || return 1
  ls "$dir"/download/linux-image-*.deb
}

make_initramfs() {  # $1 version: busybox, the modules that reach the host's file system, and guest_init
  local root=$dir/initramfs module
  rm -rf "$root"
  mkdir -p "$root"/{bin,modules,proc,sys,dev,host,rw,newroot}
  cp "$(command -v busybox)" "$root/bin/busybox"
  install -m 755 "$here/guest_init" "$root/init"
  for module in virtio_pci 9p 9pnet_virtio overlay; do
    modprobe --show-depends -d "$dir" -S "$1" "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r module; do
    cp "$module" "$root/modules/"
    basename "$module"
  done > "$root/modules/order"
  (cd "$root" && find . | cpio --quiet -o -H newc | gzip -1) > "$dir/initramfs.gz"
}

if [ -s "$dir/version" ] && [ "$dir/initramfs.gz" -nt "$here/guest_init" ]; then
  echo "kernel $(cat "$dir/version") is there"
  exit 0
fi
mkdir -p "$dir/download"
if [ ! -s "$dir/version" ]; then
  rm -rf "$dir"/download/* "$dir/lib" "$dir/boot"
  file=$(download) || { apt-get -q update >&2; file=$(download); }
  dpkg -x "$file" "$dir"
  mv "$dir"/boot/vmlinuz-* "$dir/vmlinuz"
  rm -rf "$dir/boot" "$dir/usr" "$dir/download"
  version=$(ls "$dir/lib/modules")
  depmod -b "$dir" "$version"
else
  version=$(cat "$dir/version")
fi
make_initramfs "$version"
echo "$version" > "$dir/version"
echo "kernel $version is ready"
