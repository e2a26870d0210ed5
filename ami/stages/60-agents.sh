#!/usr/bin/env bash
# The agents of AWS, and containers that see the GPU.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
only ubuntu-24.04
need ssm_agent.url ssm_agent.sha256 cloudwatch_agent.url cloudwatch_agent.key_url cloudwatch_agent.key_fingerprint
need container_toolkit.version
work=/var/cache/ws

if ! installed amazon-cloudwatch-agent; then
    url=$(value cloudwatch_agent.url)
    download "$url" $work/cloudwatch.deb
    download "$url.sig" $work/cloudwatch.sig
    keyring "$(value cloudwatch_agent.key_url)" "$(value cloudwatch_agent.key_fingerprint)" $work/cloudwatch.gpg
    gpgv --quiet --keyring $work/cloudwatch.gpg $work/cloudwatch.sig $work/cloudwatch.deb 2>>$log ||
        fail "$url is not signed with the key of image.yaml: nothing of it was installed"
    packages $work/cloudwatch.deb
    rm $work/cloudwatch.*
fi

version=$(value container_toolkit.version)
packages docker.io "libnvidia-container1=$version" "libnvidia-container-tools=$version" \
    "nvidia-container-toolkit-base=$version" "nvidia-container-toolkit=$version"
hold nvidia-container-toolkit nvidia-container-toolkit-base libnvidia-container-tools libnvidia-container1
rootfs etc/docker/daemon.json

if wanted dcgm_exporter.image; then
    put /etc/ws/dcgm-exporter.env <<<"IMAGE=$(value dcgm_exporter.image)"
    rootfs etc/systemd/system/ws-dcgm-exporter.service
    enable ws-dcgm-exporter.service
fi
if wanted efs_utils.url efs_utils.sha256 && ! installed amazon-efs-utils; then
    fetch "$(value efs_utils.url)" "$(value efs_utils.sha256)" $work/efs-utils.deb
    packages $work/efs-utils.deb
    rm $work/efs-utils.deb
fi

# The parent image has the SSM Agent as a snap, and that snap may be running this very stage. So the package
# is installed beside it. Until the machine restarts only the snap runs, and after that only the package: two
# agents would take each other's commands.
unit=amazon-ssm-agent.service
snap=snap.amazon-ssm-agent.amazon-ssm-agent.service
never=$'[Unit]\nConditionPathExists=/nonexistent'
if ! installed amazon-ssm-agent; then
    if [ -d /run/systemd/system ]; then put /run/systemd/system/$unit.d/ws.conf <<<"$never"; fi
    fetch "$(value ssm_agent.url)" "$(value ssm_agent.sha256)" $work/ssm-agent.deb
    packages $work/ssm-agent.deb
    rm $work/ssm-agent.deb
fi
enable $unit
if systemctl is-active --quiet $snap 2>>$log; then
    put /etc/systemd/system/$snap.d/ws.conf <<<"$never"
    quietly systemctl daemon-reload
    : >$restart
    finish
fi
purge snapd
rm -rf /etc/systemd/system/$snap.d
finish
