#!/usr/bin/env bash
# Amazon Linux 2023, experimental: everything from the repositories of its release. No desktop.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
only al2023
need arch flavour kernel.meta agent.version content.hash
meta=$(value kernel.meta)

say "install $meta, NVIDIA's driver, the Lustre client and the agents"
quietly dnf install -y "$meta" "$meta-devel" "$meta-modules-extra" python3-dnf-plugin-versionlock
kernel=$(rpm -q --queryformat '%{VERSION}-%{RELEASE}.%{ARCH}\n' "$meta" | sort -V | tail -n 1)
if [ "$(fact kernel)" != "$kernel" ]; then
    quietly grubby --set-default "/boot/vmlinuz-$kernel"
    fact kernel "$kernel"
    : >"$restart"
fi
mapfile -t others < <(rpm -qa 'kernel*' |
    grep -E '^kernel[0-9.]*-(modules-extra-|devel-)?[0-9]' | grep -vF -- "-$kernel")
if [ ${#others[@]} -gt 0 ]; then
    say "remove ${others[*]}"
    quietly dnf remove -y --setopt=protect_running_kernel=False "${others[@]}"
fi
quietly dnf versionlock add 'kernel*'
quietly dnf install -y nvidia-release
quietly dnf install -y nvidia-open nvidia-xconfig lustre-client amazon-cloudwatch-agent amazon-efs-utils nfs-utils
rootfs etc/modprobe.d/ws-nouveau.conf usr/lib/ws/lustre-options etc/systemd/system/ws-lustre-options.service
enable ws-lustre-options.service nvidia-persistenced.service amazon-ssm-agent.service
mask dnf-makecache.timer

fact version 1
fact os "$(value os)"
fact arch "$(value arch)"
fact flavour "$(value flavour)"
fact content "$(value content.hash)"
fact driver "$(modinfo -k "$kernel" -F version nvidia)"
fact lustre "$(modinfo -k "$kernel" -F version lustre)"
finish
