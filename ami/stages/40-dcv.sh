#!/usr/bin/env bash
# Amazon DCV for one console session on the GPU. nice-dcv-gl is for virtual sessions, and stays away.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
only ubuntu-24.04
wanted dcv.version dcv.url dcv.sha256 || {
    say "skipped: image.yaml has no dcv"
    exit 0
}
version=$(value dcv.version)
if [ "$(fact dcv)" != "$version" ] || ! installed nice-dcv-server; then
    work=/var/cache/ws
    fetch "$(value dcv.url)" "$(value dcv.sha256)" "$work/dcv.tgz"
    rm -rf "$work/dcv"
    mkdir "$work/dcv"
    quietly tar -xzf "$work/dcv.tgz" -C "$work/dcv" --strip-components 1 --no-same-owner
    for name in nice-dcv-server nice-dcv-web-viewer; do
        found=("$work/dcv/$name"_*.deb)
        [ -e "${found[0]}" ] || fail "$(value dcv.url) has no package $name"
        packages "${found[0]}"
    done
    rm -r "$work/dcv" "$work/dcv.tgz"
fi
id -nG dcv | grep -qw video || quietly usermod -aG video dcv
rootfs etc/dcv/dcv.conf etc/systemd/system/dcvserver.service.d/ws.conf
enable dcvserver.service
fact dcv "$version"
finish
