#!/usr/bin/env bash
# The client of FSx for Lustre, for the one kernel of this image.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
only ubuntu-24.04
wanted lustre.repository lustre.suite lustre.key_url lustre.key_fingerprint || {
    say "skipped: image.yaml has no lustre"
    exit 0
}
kernel=$(fact kernel)
[ -n "$kernel" ] || fail "no kernel is chosen: 10-kernel.sh comes first"
packages "lustre-client-modules-$kernel" lustre-client-utils
hold "lustre-client-modules-$kernel" lustre-client-utils
rootfs usr/lib/ws/lustre-options etc/systemd/system/ws-lustre-options.service
enable ws-lustre-options.service
fact lustre "$(dpkg-query -W -f '${Version}' "lustre-client-modules-$kernel")"
finish
