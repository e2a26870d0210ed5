#!/usr/bin/env bash
# NVIDIA's driver with the modules that Ubuntu has built for this kernel: no DKMS, no compiler.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
only ubuntu-24.04
need nvidia.branch flavour
branch=$(value nvidia.branch)
kernel=$(fact kernel)
[ -n "$kernel" ] || fail "no kernel is chosen: 10-kernel.sh comes first"

# The modules come first. The package nvidia-driver-* is left out: it wants DKMS unless the newest kernel of
# the archive is installed, and Lustre may need an older one. These are the packages that it depends on.
packages "linux-modules-nvidia-$branch-$(modules_flavour)-$kernel"
packages "nvidia-utils-$branch-server" "nvidia-compute-utils-$branch-server" "xserver-xorg-video-nvidia-$branch-server" \
    "libnvidia-cfg1-$branch-server" "libnvidia-compute-$branch-server" "libnvidia-decode-$branch-server" \
    "libnvidia-encode-$branch-server" "libnvidia-extra-$branch-server" "libnvidia-fbc1-$branch-server" \
    "libnvidia-gl-$branch-server"
hold "linux-modules-nvidia-$branch-$(modules_flavour)-$kernel" "nvidia-utils-$branch-server" \
    "nvidia-compute-utils-$branch-server" "libnvidia-compute-$branch-server" "libnvidia-gl-$branch-server"
fact driver "$(modinfo -k "$kernel" -F version nvidia)"

rootfs etc/modprobe.d/ws-nouveau.conf
# The firmware of the GPU can be switched off in the proprietary modules only; on g4dn it has to be.
if [ "$(value flavour)" = proprietary ]; then
    rootfs etc/modprobe.d/ws-nvidia-proprietary.conf
fi
rootfs etc/systemd/system/nvidia-persistenced.service.d/ws.conf
image=/boot/initrd.img-$kernel
if [ ! -e "$image" ] || [ /etc/modprobe.d/ws-nouveau.conf -nt "$image" ]; then
    say "build the initial RAM disk"
    quietly update-initramfs -c -k "$kernel"
fi
finish
