#!/usr/bin/env bash
# Repositories, and nothing that changes packages on its own.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
only ubuntu-24.04
# Every value that a later stage needs, so that a missing one ends the bake in its first second.
need arch flavour kernel.meta nvidia.branch ssm_agent.url ssm_agent.sha256
need cloudwatch_agent.url cloudwatch_agent.key_url cloudwatch_agent.key_fingerprint
need container_toolkit.version container_toolkit.repository
need container_toolkit.key_url container_toolkit.key_fingerprint
need agent.version content.hash
wanted dcv.version dcv.url dcv.sha256 || say "image.yaml has no dcv: this image gets no desktop"
wanted lustre.repository lustre.suite lustre.key_url lustre.key_fingerprint || say "image.yaml has no lustre"
wanted efs_utils.url efs_utils.sha256 || true

if [ -d /run/systemd/system ]; then
    say "wait for cloud-init"
    quietly timeout 600 cloud-init status --wait || true
fi

# No service of a package starts while the image is made. 90-clean removes this file.
rootfs usr/sbin/policy-rc.d
rootfs etc/apt/apt.conf.d/99ws etc/apt/preferences.d/ws
mask apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service
purge unattended-upgrades apport whoopsie ubuntu-report ifupdown

packages ca-certificates curl gpg python3 nfs-common e2fsprogs

keyring "$(value container_toolkit.key_url)" "$(value container_toolkit.key_fingerprint)" "$keyrings/ws-nvidia.gpg"
put /etc/apt/sources.list.d/ws-nvidia.list <<SOURCE
deb [signed-by=$keyrings/ws-nvidia.gpg] $(value container_toolkit.repository) /
SOURCE
if wanted lustre.repository; then
    keyring "$(value lustre.key_url)" "$(value lustre.key_fingerprint)" "$keyrings/ws-lustre.gpg"
    put /etc/apt/sources.list.d/ws-lustre.list <<SOURCE
deb [signed-by=$keyrings/ws-lustre.gpg] $(value lustre.repository) $(value lustre.suite) main
SOURCE
fi

fact version 1
fact os "$(value os)"
fact arch "$(value arch)"
fact flavour "$(value flavour)"
fact content "$(value content.hash)"
finish
