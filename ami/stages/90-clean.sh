#!/usr/bin/env bash
# What belongs to one machine, or to this bake, does not go into the image.
# shellcheck source=../lib/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../lib/common.sh"
need os
for key in driver dcv lustre; do
    fact "$key" "$(fact "$key")" # an empty entry for what this image does not have
done
rm -rf /usr/sbin/policy-rc.d /var/cache/ws
if command -v apt-get >/dev/null; then
    quietly apt_get autoremove --purge
    quietly apt-get clean
    find /var/lib/apt/lists -mindepth 1 -delete
    rm -f /var/cache/apt/*.bin /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log
elif command -v dnf >/dev/null; then
    quietly dnf clean all
fi

say "remove what belongs to one machine"
rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
rm -rf /root/.ssh /home/*/.ssh
find /root /home -maxdepth 2 \( -name '.*_history' -o -name .wget-hsts -o -name .lesshst \) -delete
rm -rf /root/.aws /home/*/.aws /root/.gnupg /root/.cache /root/.docker
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
rm -f /var/lib/dhcp/* /var/lib/dhclient/* /run/systemd/netif/leases/* 2>>$log
rm -f /tmp/.X*-lock /etc/hostname
rm -f /etc/ws/instance.json
if command -v cloud-init >/dev/null; then quietly cloud-init clean --logs; fi
rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/sem /var/lib/cloud/data
find /var/tmp /tmp -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' ! -name 'ssm*' -exec rm -rf {} +
find /var/log/journal -mindepth 1 -delete 2>/dev/null || true
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*.old' \) -delete
find /var/log -type f ! -path '*/amazon/ssm/*' -exec truncate --size 0 {} +
rm -f "$log"
log=/dev/null
finish
